/**
 * What is asked of the page: which dumps, which address space, and that it says how far it is, without a network too.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ptm } from "../cli/support/run.js";
import { reread } from "../export/rereading.js";
import { hasChromium } from "../support/chromium.js";
import { CR4_PAE, coreOfFrames } from "../support/dump-writer.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { CAPTURE, countsOf, type DiffLine, diffLines, FILES, NAMES, slowImage, WATCHED, walkLine } from "./expected.js";
import { type OpenedPage, usePage } from "./opened-page.js";

describe.skipIf(!hasChromium)("asking the page", () => {
  const under = usePage();
  let opened: OpenedPage;

  /** The changes from dump to dump of `files`, in another root than that of the notes. */
  async function diffIn(root: string, files: readonly string[]): Promise<readonly DiffLine[]> {
    const lines: DiffLine[] = [];
    for (let step = 1; step < files.length; step++) {
      const { objects } = await ptm(["diff", files[step - 1] as string, files[step] as string, "--root", root, "--json"]);
      lines.push(...objects().map((line) => ({ ...(line as unknown as Omit<DiffLine, "step">), step })));
    }
    return lines;
  }

  test("of each dump it says format, size, what it holds, the mode and the roots of its vCPUs", async () => {
    opened = await under.open();
    await opened.choose(FILES.slice(0, 2));
    await opened.answered();
    const { objects } = await ptm(["info", FILES[0] as string, "--json"]);
    const [facts] = objects() as unknown as [{ format: string; runs: { gfn: number; count: number }[]; vcpus: { root: string }[] }];

    const shown = await opened.text(".dump-facts >> nth=0");
    expect(shown).toContain(`${facts.format} · `);
    expect(shown).toMatch(/ · [0-9.]+ [KM]iB · holds [0-9.]+ [KM]iB · amd64/);
    for (const { root } of facts.vcpus) expect(shown).toContain(root);
    const strip = await opened.page.getAttribute(".held >> nth=0", "aria-label");
    expect(strip).toContain(`${facts.runs.length.toLocaleString("en")} runs of frames`);
  });

  test("the gaps of a dump are hatched in its strip, and what it holds is filled", async () => {
    const page = new Uint8Array(4096);
    const frames = (gfns: readonly number[]) => new Map(gfns.map((gfn) => [gfn, page]));
    opened = await under.open();
    // The first half and the last frame.
    const gfns = [...Array.from({ length: 500 }, (_, gfn) => gfn), 999];
    await opened.choose([{ name: "half.elf", mimeType: "", buffer: Buffer.from(coreOfFrames(frames(gfns), [])) }]);
    await opened.page.waitForSelector(".held");
    const [held, gap] = await opened.page
      .waitForFunction(() => {
        const strip = document.querySelector<HTMLCanvasElement>(".held");
        const context = strip?.getContext("2d");
        if (!strip || !context || strip.width < 100) return undefined;
        const isDrawn = context.getImageData(strip.width * 0.2, strip.height >> 1, 1, 1).data[3] > 0;
        if (!isDrawn) return undefined;
        return [0, 0.5].map((part) => {
          const { data } = context.getImageData(strip.width * (part + 0.05), strip.height >> 1, strip.width * 0.4, 1);
          return new Set(new Uint32Array(data.buffer)).size;
        });
      })
      .then((answer) => answer.jsonValue() as Promise<[number, number]>);

    expect(held).toBe(1);
    expect(gap).toBeGreaterThan(1);
  });

  test("a dump that is removed leaves the changes between those around it", async () => {
    opened = await under.open();
    await opened.choose(FILES.slice(0, 3));
    await opened.answered();
    await opened.page.click(`[aria-label="Remove ${NAMES[1]}"]`);
    await opened.page.waitForFunction(() => document.querySelectorAll(".dump").length === 2);
    await opened.answered();

    expect(await opened.counts()).toEqual(countsOf(await diffLines([FILES[0] as string, FILES[2] as string])));
  });

  test("where the first files cannot be read, the step that is shown is the first that was compared", async () => {
    opened = await under.open();
    const read = (step: number) => readFileSync(FILES[step] as string);
    await opened.choose([
      { name: "a.elf", mimeType: "", buffer: Buffer.from("no dump") },
      { name: "b.elf", mimeType: "", buffer: Buffer.from("none either") },
      { name: "c.elf.gz", mimeType: "", buffer: read(0) },
      { name: "d.elf.gz", mimeType: "", buffer: read(1) },
    ]);
    await opened.answered();

    expect(await opened.text(".timeline-step")).toBe("step 3 · d.elf.gz");
  });

  test("dumps dragged to another place are in that order", async () => {
    opened = await under.open();
    await opened.choose(FILES.slice(0, 3));
    await opened.answered();
    await opened.page.dragAndDrop(".dump >> nth=2", ".dump >> nth=0");

    await opened.page.waitForFunction((first) => document.querySelector(".dump-name")?.textContent === first, NAMES[2]);
    await opened.answered();
  });

  test("an address space that is found, with its reasons, and one that is typed are asked for as ptm diff is", async () => {
    const files = FILES.slice(8, 10);
    opened = await under.open();
    await opened.choose(files);
    await opened.answered();
    await opened.page.click("text=Find address spaces");
    await opened.page.waitForSelector(".root");
    const { objects } = await ptm(["roots", files[0] as string, "--json"]);
    const found = objects() as unknown as { root: string; reasons: string[] }[];
    const roots = await opened.page.$$eval(".root .mono", (cells) => cells.map((cell) => cell.textContent));
    expect(roots).toEqual(found.slice(0, roots.length).map(({ root }) => root));
    expect(await opened.text(".root .reasons >> nth=0")).toContain(found[0]?.reasons[0]);

    const other = roots.findIndex((root, i) => i > 0 && root !== roots[0]);
    await opened.page.click(`.root >> nth=${other}`);
    await opened.answered();
    expect(await opened.text("#root-reading")).toBe(`Looking into ${roots[other]}`);
    expect(await opened.counts()).toEqual(countsOf(await diffIn(roots[other] as string, files)));

    const typed = roots[0] as string;
    // As a debugger writes it, with a process context id in the low bits.
    await opened.page.fill("#root-input", `${typed.slice(2, -3)}\`003`.replace(/^/, "0x").replace("`", ""));
    await opened.page.press("#root-input", "Tab");
    await opened.answered();
    expect(await opened.counts()).toEqual(countsOf(await diffIn(typed, files)));
  });

  test("what lasts says how far it is, how fast, and can be cancelled", async () => {
    opened = await under.open();
    await opened.choose([
      { name: "a.elf.gz", mimeType: "", buffer: readFileSync(FILES[0] as string) },
      { name: "b.raw.gz", mimeType: "", buffer: slowImage() },
    ]);
    await opened.page.waitForFunction(() => / %.*[0-9.]+ [KMG]?i?B\/s/.test(document.querySelector(".task")?.textContent ?? ""));
    expect(await opened.text(".task-title")).toBe("Opening b.raw.gz");
    await opened.page.keyboard.press("Escape");
    await opened.page.waitForSelector(".task", { state: "detached" });
    expect(await opened.page.$$eval(".dump-name", (names) => names.map((name) => name.textContent))).toEqual(["a.elf.gz"]);
  });

  test("once it is loaded it needs no server: dumps, answer, inspector and export", async () => {
    opened = await under.open({ server: under.plain });
    await opened.page.waitForLoadState("networkidle");
    await opened.context.setOffline(true);
    const wanting: string[] = [];
    // The browser looks for a page's icon again whenever its address changes.
    opened.page.on("requestfailed", (request) => request.url().endsWith("/icon.svg") || wanting.push(request.url()));
    await opened.choose(FILES.slice(8, 10));
    await opened.answered();
    await opened.page.click(".event >> nth=0");
    await opened.page.waitForSelector(".walk .level");
    const { path } = await opened.export("CSV");

    const rows = await reread("changes", "csv", Uint8Array.from(readFileSync(path)));
    expect(rows.map(({ va }) => va)).toEqual((await diffLines(FILES.slice(8, 10))).map(({ va }) => BigInt(va)));
    expect(wanting).toEqual([]);
  });

  test("the command of a watch list, filtered by type, tag and step, gives the rows that are exported", async () => {
    opened = await under.open({ hash: `#sample=1&look=list&watch=${encodeURIComponent(WATCHED)}&types=page-out&lane=tag+thp&steps=9-12` });
    await opened.answered();
    await opened.page.keyboard.press("c");
    await opened.page.waitForSelector(".toast.is-shown");
    const command = await opened.clipboard();
    const { path } = await opened.export("JSON lines");
    const exported = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

    const [line = "", condition = ""] = command.split(" | ");
    expect(condition).toBe(`jq -c 'select(.type == "page-out")'`);
    const words = line.split(" ").slice(1);
    const { objects } = await ptm(words.map((word) => (word.endsWith(".gz") ? `${CAPTURE}/${word}` : word)));
    const given = objects().filter(({ type }) => type === "page-out");
    expect(given.length).toBeGreaterThan(0);
    // Steps count from the first dump of each.
    expect(given.map(({ va, type, pa, pageSize, tag }) => ({ va, type, pa, pageSize, tag }))).toEqual(
      exported.map(({ va, type, pa, pageSize, tag }) => ({ va, type, pa, pageSize, tag })),
    );
  });

  test("an address of la57 is walked through five levels, as ptm walk walks it", async () => {
    const guest = new Guest();
    const wide = new AddressSpace(guest, 5);
    const va = 0x7f_1234_5678_9000n;
    wide.map(va, 0x10_0000n);
    const dump = () =>
      Buffer.from(
        coreOfFrames(new Map([...guest.frames].map(([gfn, entries]) => [gfn, new Uint8Array(entries.buffer.slice(0))])), [
          { cr3: wide.root, cr4: 0x1000n | CR4_PAE },
        ]),
      );
    const before = dump();
    wide.map(va, 0x20_0000n);
    opened = await under.open();
    await opened.choose([
      { name: "a.elf", mimeType: "", buffer: before },
      { name: "b.elf", mimeType: "", buffer: dump() },
    ]);
    await opened.answered();
    expect(await opened.counts()).toEqual({ 1: { remap: 1 } });
    await opened.page.click(".event");
    await opened.page.waitForSelector(".walk .level");

    expect((await opened.walk("after")).map(({ name }) => name)).toEqual(["PML5E", "PML4E", "PDPTE", "PDE", "PTE"]);
    expect(await opened.text("#outcome-before")).toBe("PA 0x100000, in a page of 4 KiB");
    expect(await opened.text("#outcome-after")).toBe("PA 0x200000, in a page of 4 KiB");
  });

  test("an address that is typed is walked as ptm walk walks it, backed or not", async () => {
    opened = await under.open();
    await opened.choose(FILES.slice(8, 10));
    await opened.answered();
    for (const va of ["0x100c0000000", "0xffffffff81000000", "0x500000000000"]) {
      await opened.page.keyboard.press("a");
      await opened.page.waitForFunction(() => document.activeElement?.id === "go-to");
      await opened.page.keyboard.type(va);
      await opened.page.keyboard.press("Enter");
      await opened.page.waitForFunction(
        (wanted) =>
          document.querySelector(".inspector-va")?.textContent === wanted &&
          document.querySelector(".walk")?.getAttribute("data-va") === wanted,
        va,
      );
      await opened.page.evaluate(() => (document.activeElement as HTMLElement).blur());
      const { entries } = await walkLine(FILES[9] as string, va);
      expect(await opened.walk("after")).toEqual(entries.map(({ name, pa, value }) => ({ name, pa, value })));
    }
  });
});
