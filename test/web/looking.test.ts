/**
 * What is seen on the page: the list of thousands, the map, the timeline zoomed, the focus, and that it fits where it must.
 */

import { describe, expect, test } from "vitest";
import { ptm } from "../cli/support/run.js";
import { NX, P, PAGE_FLAGS, RW } from "../support/amd64-bits.js";
import { hasChromium } from "../support/chromium.js";
import { CR4_PAE, coreOfFrames } from "../support/dump-writer.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { diffLines, FILES, WATCHED } from "./expected.js";
import { type OpenedPage, usePage } from "./opened-page.js";

describe.skipIf(!hasChromium)("looking at the page", () => {
  const under = usePage();
  let opened: OpenedPage;

  test("a list of thousands has only the rows in sight in the document, each the event of its place, wherever it is scrolled", async () => {
    opened = await under.open({ hash: `#sample=1&look=list&watch=${encodeURIComponent(WATCHED)}` });
    await opened.answered();
    const watches = WATCHED.split("\n").flatMap((watch) => ["--watch", watch]);
    const { objects } = await ptm(["replay", ...FILES, ...watches, "--json"]);
    const events = objects() as unknown as { step: number; type: string; va: string; tag: string }[];
    expect(events.length).toBeGreaterThan(3000);

    const height = await opened.page.$eval("#events", (list) => list.scrollHeight);
    for (const part of [0, 0.3, 0.31, 0.7, 1, 0.1]) {
      await opened.page.$eval("#events", (list, top) => list.scrollTo(0, top), part * height);
      await opened.page.waitForTimeout(100);
      await opened.answered();
      const rows = await opened.page.$$eval(".event", (found) =>
        found.map((row) => {
          const cells = [...row.children].map((cell) => cell.textContent ?? "");
          return { at: Number(row.getAttribute("aria-rowindex")) - 2, step: Number(cells[0]), va: cells[2] ?? "", tag: cells[4] };
        }),
      );
      expect(rows.length).toBeGreaterThan(8);
      expect(rows.length).toBeLessThan(100);
      expect(rows.map(({ step, va, tag }) => ({ step, va, tag }))).toEqual(
        rows.map(({ at }) => ({ step: events[at]?.step, va: events[at]?.va, tag: events[at]?.tag })),
      );
      const [sight, first, last] = await opened.page.evaluate(() => {
        const boxOf = (element: Element | null | undefined) => element?.getBoundingClientRect();
        const found = document.querySelectorAll(".event");
        return [boxOf(document.querySelector("#events")), boxOf(found[0]), boxOf(found[found.length - 1])];
      });
      // No empty space at either end.
      expect(first?.top).toBeLessThanOrEqual((sight?.top ?? 0) + 27);
      expect(last?.bottom).toBeGreaterThanOrEqual((sight?.bottom ?? 0) - 1);
    }

    await opened.page.focus("#events");
    await opened.page.keyboard.press("End");
    await opened.page.waitForSelector(`#event-${events.length - 1}.is-cursor`);
    await opened.page.keyboard.press("Home");
    await opened.page.waitForSelector("#event-0.is-cursor");
  });

  test("types of event are told apart by a mark of their own, in chips and rows", async () => {
    opened = await under.open();
    await opened.openSample();
    const glyphs = await opened.page.$$eval(".chip .glyph", (marks) => marks.map((mark) => mark.textContent));
    expect(new Set(glyphs).size).toBe(5);
    const rowGlyphs = await opened.page.$$eval(".event", (rows) =>
      rows.map((row) => `${row.getAttribute("data-type")} ${row.querySelector(".glyph")?.textContent}`),
    );
    const types = ["page-in", "page-out", "remap", "access", "page-size"];
    for (const pair of rowGlyphs) expect(pair).toBe(`${pair.split(" ")[0]} ${glyphs[types.indexOf(pair.split(" ")[0] as string)]}`);
  });

  test("marks of the timeline differ by shape: a page-in lies over the line of its lane, a page-out under it", async () => {
    opened = await under.open();
    await opened.openSample();
    const expected = await diffLines();
    const inHugetlb = expected.filter(({ va }) => BigInt(va) >= 0x100_8000_0000n && BigInt(va) < 0x100_8040_0000n);
    const onlyOf = (type: string) =>
      inHugetlb.find(({ step, type: own }) => own === type && inHugetlb.every((other) => other.step !== step || other.type === type))
        ?.step ?? 0;
    const [pageIn, pageOut] = [onlyOf("page-in"), onlyOf("page-out")];
    expect(pageIn).toBeGreaterThan(0);
    expect(pageOut).toBeGreaterThan(0);
    // A step that is neither, so that no column of the chosen step lies under them.
    await opened.page.keyboard.press("[");
    await opened.page.waitForTimeout(100);
    const inkOf = async (step: number) => {
      const { x, y } = await opened.cellPoint("hugetlb", step);
      return opened.page.$eval(
        "canvas.lanes",
        (canvas, at) => {
          const own = canvas as HTMLCanvasElement;
          const box = own.getBoundingClientRect();
          const context = own.getContext("2d");
          const ink = (top: number) =>
            [...(context?.getImageData(at.x - box.left - 4, top, 9, 10).data ?? [])]
              .filter((_, i) => i % 4 === 3)
              .reduce((a, b) => a + b, 0);
          return { over: ink(at.y - box.top - 13), under: ink(at.y - box.top + 3) };
        },
        { x, y },
      );
    };
    const [up, down] = [await inkOf(pageIn), await inkOf(pageOut)];
    expect(up.over).toBeGreaterThan(2 * up.under);
    expect(down.under).toBeGreaterThan(2 * down.over);
  });

  test("the timeline zooms by key and wheel, pans, and its overview takes the window along", async () => {
    opened = await under.open();
    await opened.openSample();
    const window = () =>
      opened.page.$eval("#timeline", (timeline) => [
        Number(timeline.getAttribute("data-first")),
        Number(timeline.getAttribute("data-span")),
      ]);
    expect(await window()).toEqual([0, 16]);
    await opened.page.keyboard.press("+");
    await opened.page.keyboard.press("+");
    const [, near] = await window();
    expect(near).toBeLessThan(8);
    await opened.page.keyboard.press("0");
    expect(await window()).toEqual([0, 16]);

    const box = await opened.page.$eval("#timeline", (timeline) => timeline.getBoundingClientRect().toJSON());
    await opened.page.mouse.move(box.x + box.width / 2, box.y + 20);
    await opened.page.keyboard.down("Control");
    await opened.page.mouse.wheel(0, -400);
    await opened.page.keyboard.up("Control");
    await opened.page.waitForFunction(() => Number(document.querySelector("#timeline")?.getAttribute("data-span")) < 16);
    const [first, span] = (await window()) as [number, number];
    expect(first + span / 2).toBeCloseTo(8, 0);
    await opened.page.mouse.down();
    await opened.page.mouse.move(box.x + box.width / 2 + 200, box.y + 20, { steps: 4 });
    await opened.page.mouse.up();
    const [panned] = (await window()) as [number, number];
    expect(panned).toBeLessThan(first);
    const overview = await opened.page.$eval(".overview", (canvas) => canvas.getBoundingClientRect().toJSON());
    await opened.page.mouse.click(overview.x + overview.width - 2, overview.y + 10);
    const [last] = (await window()) as [number, number];
    expect(last).toBeCloseTo(16 - span, 5);
  });

  test("on the map what changed at the step is lit, and what is writable and executable is counted", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest);
    space.map(0x40_0000n, 0x10_0000n);
    space.map(0x7000_0000_0000n, 0x20_0000n);
    const dump = () =>
      Buffer.from(
        coreOfFrames(new Map([...guest.frames].map(([gfn, entries]) => [gfn, new Uint8Array(entries.buffer.slice(0))])), [
          { cr3: space.root, cr4: CR4_PAE },
        ]),
      );
    space.setEntry(0x40_0000n, 1, 0x10_0000n | PAGE_FLAGS | NX);
    space.setEntry(0x7000_0000_0000n, 1, 0x20_0000n | (PAGE_FLAGS & ~RW) | P);
    const before = dump();
    space.setEntry(0x7000_0000_0000n, 1, 0x20_0000n | PAGE_FLAGS);
    opened = await under.open();
    await opened.choose([
      { name: "a.elf", mimeType: "", buffer: before },
      { name: "b.elf", mimeType: "", buffer: dump() },
    ]);
    await opened.answered();
    await opened.page.waitForSelector(".map-bars button");

    expect(await opened.text(".map .badge")).toBe("1 writable and executable");
    const bars = await opened.page.$$eval(".map-bars button", (found) =>
      found.map((bar) => [bar.getAttribute("aria-label"), bar.className]),
    );
    expect(bars.map(([, lit]) => lit)).toEqual(["", "has-changes"]);
    expect(bars[1]?.[0]).toContain("1 change · 1 writable and executable");
    expect(await opened.text(".event .col-after .both")).toMatch(/wx/i);
    await opened.page.keyboard.press("[");
    await opened.page.waitForFunction(() => document.querySelector(".map .badge") === null);
  });

  test("what has the focus by Tab is seen, on the start and on the answer", async () => {
    opened = await under.open({ width: 1600 });
    const unseen = async (stops: number) => {
      const found: string[] = [];
      for (let i = 0; i < stops; i++) {
        await opened.page.keyboard.press("Tab");
        const bare = await opened.page.evaluate(() => {
          const element = document.activeElement;
          if (element === null || element === document.body) return undefined;
          // Fields that are hidden hand their ring to the label around them.
          const shown = [element, element.parentElement, element.nextElementSibling].filter((part) => part !== null);
          const isSeen = shown.some((part) => {
            const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(part as Element);
            return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2) || boxShadow !== "none";
          });
          return isSeen ? undefined : element.outerHTML.slice(0, 80);
        });
        if (bare !== undefined) found.push(bare);
      }
      return found;
    };
    expect(await unseen(5)).toEqual([]);
    await opened.openSample();
    await opened.page.click(".event >> nth=2");
    await opened.page.waitForSelector(".walk .level");
    expect(await unseen(70)).toEqual([]);
  });

  for (const width of [1024, 1920]) {
    test(`nothing is wider than the page at ${width} pixels`, async () => {
      opened = await under.open({ width });
      const overflow = () => opened.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(await overflow()).toBeLessThanOrEqual(0);
      await opened.openSample();
      expect(await overflow()).toBeLessThanOrEqual(0);
      await opened.page.click(".event >> nth=2");
      await opened.page.waitForSelector(".walk .level");
      expect(await overflow()).toBeLessThanOrEqual(0);
    });
  }

  test("the list of keys is the table that drives them: what it says a key does, it does", async () => {
    opened = await under.open();
    await opened.openSample();
    await opened.page.keyboard.press("?");
    const keys = await opened.page.$$eval(".help dl > div", (rows) =>
      rows.map((row) => [[...row.querySelectorAll("kbd")].map((key) => key.textContent).join(" "), row.querySelector("dd")?.textContent]),
    );
    await opened.page.keyboard.press("Escape");
    expect(keys.length).toBeGreaterThan(25);
    const what = (key: string) => keys.find(([shown]) => shown === key)?.[1];
    for (const [key, text] of [
      ["1", "only page-in, or no longer"],
      ["5", "only page-size, or no longer"],
    ] as const) {
      expect(what(key)).toBe(text);
      await opened.page.keyboard.press(key);
      const pressed = () => opened.page.$$eval('.chip[aria-pressed="true"]', (chips) => chips.map((chip) => chip.textContent?.slice(1)));
      await expect.poll(pressed).toEqual([text.split(" ")[1]?.replace(",", "")]);
      await opened.page.keyboard.press("x");
      await expect.poll(pressed).toEqual([]);
    }
    const focused = () => opened.page.evaluate(() => document.activeElement?.id);
    for (const [key, text, id] of [
      ["T", "timeline", "timeline"],
      ["L", "events", "events"],
      ["/", "filter by address", "address-filter"],
    ] as const) {
      expect(what(key)).toBe(text);
      await opened.page.keyboard.press(key.toLowerCase());
      expect(await focused()).toBe(id);
      await opened.page.evaluate(() => (document.activeElement as HTMLElement).blur());
    }
  });
});
