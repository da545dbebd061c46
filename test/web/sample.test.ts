/**
 * The bundled capture on the page: what is shown is what the command says, from the timeline down to the bits of an entry.
 */

import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";
import { ptm } from "../cli/support/run.js";
import { reread } from "../export/rereading.js";
import { hasChromium } from "../support/chromium.js";
import { CAPTURE, captureRoot, countsOf, type DiffLine, diffLines, FILES, NAMES, WATCHED, walkLine } from "./expected.js";
import { type OpenedPage, usePage } from "./opened-page.js";

describe.skipIf(!hasChromium)("the bundled capture on the page", () => {
  const under = usePage();
  let opened: OpenedPage;
  let expected: readonly DiffLine[];

  beforeAll(async () => {
    expected = await diffLines();
  });

  test("one click shows every change that ptm diff says, by step and type", async () => {
    opened = await under.open();
    await opened.openSample();

    expect(await opened.counts()).toEqual(countsOf(expected));
    expect(await opened.text("#count")).toBe(`${expected.length} events`);
    expect(opened.complaints).toEqual([]);
  });

  test("sixteen files that are dropped, in any order, give the same", async () => {
    opened = await under.open();
    await opened.dropCapture([...NAMES].reverse());
    await opened.answered();

    expect(await opened.page.$$eval(".dump-name", (names) => names.map((name) => name.textContent))).toEqual(NAMES);
    expect(await opened.counts()).toEqual(countsOf(expected));
  });

  test("a page without cross-origin isolation gives the same", async () => {
    opened = await under.open({ server: under.plain });
    await opened.openSample();

    expect(await opened.page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(await opened.counts()).toEqual(countsOf(expected));
    expect(opened.complaints).toEqual([]);
  });

  test("a watch list gives the events of ptm replay", async () => {
    opened = await under.open();
    await opened.openSample();
    await opened.page.click("text=A watch list");
    await opened.page.fill("#watch-input", WATCHED);
    await opened.page.press("#watch-input", "Tab");
    await opened.page.waitForFunction(() => document.querySelectorAll(".lane-tag").length === 3);
    await opened.answered();

    const watches = WATCHED.split("\n").flatMap((watch) => ["--watch", watch]);
    const { objects } = await ptm(["replay", ...FILES, ...watches, "--json"]);
    const events = objects() as unknown as { step: number; type: string }[];
    expect(events.length).toBeGreaterThan(1000);
    expect(await opened.counts()).toEqual(countsOf(events));
  });

  test("a cell of the timeline leads to the list, a row to the inspector, and its entries are those of ptm walk", async () => {
    opened = await under.open();
    await opened.openSample();
    const { x, y } = await opened.cellPoint("thp", 11);
    await opened.page.mouse.click(x, y);
    await opened.answered();
    const split = expected.filter(({ step, va }) => step === 11 && va.startsWith("0x100c0"));
    expect(await opened.page.$$eval(".event", (rows) => rows.map((row) => row.getAttribute("data-type")))).toEqual(
      split.map(({ type }) => type),
    );

    const pageSize = split.findIndex(({ type }) => type === "page-size");
    await opened.page.click(`.event >> nth=${pageSize}`);
    await opened.page.waitForSelector(".walk .level");
    const va = split[pageSize]?.va ?? "";
    const [before, after] = [await walkLine(FILES[10] as string, va), await walkLine(FILES[11] as string, va)];

    expect(before.entries).toHaveLength(3);
    expect(after.entries).toHaveLength(4);
    expect(await opened.walk("before")).toEqual(before.entries.map(({ name, pa, value }) => ({ name, pa, value })));
    expect(await opened.walk("after")).toEqual(after.entries.map(({ name, pa, value }) => ({ name, pa, value })));
    expect(await opened.text("#outcome-after")).toBe(`PA ${after.pa}, in a page of 4 KiB`);
  });

  test("from a cell of a table on to the table it leads to, and back", async () => {
    opened = await under.open({ hash: "#sample=1&step=10&va=0x10080000000&level=3" });
    await opened.answered();
    await opened.page.waitForSelector("#grid[data-level='3']");
    await opened.page.focus("#grid");
    await opened.page.keyboard.press("ArrowRight");
    expect(await opened.text("#grid-cell")).toContain("[0x3] VA 0x100c0000000");
    await opened.page.keyboard.press("Enter");
    await opened.page.waitForFunction(() => document.querySelector(".inspector-va")?.textContent === "0x100c0000000");
    await opened.answered();
    await opened.page.focus("#grid");
    await opened.page.keyboard.press("Enter");
    await opened.page.waitForSelector("#grid[data-level='2']");
    expect((await opened.walk("after")).map(({ name }) => name)).toEqual(["PML4E", "PDPTE", "PDE"]);

    await opened.page.keyboard.press("Backspace");
    await opened.page.waitForSelector("#grid[data-level='3']");
    await opened.page.keyboard.press("Backspace");
    await opened.page.waitForFunction(() => document.querySelector(".inspector-va")?.textContent === "0x10080000000");
  });

  test("filters by type, lane, address and step list what they say", async () => {
    opened = await under.open();
    await opened.openSample();
    const rows = async () => {
      await opened.answered();
      return Number((await opened.text("#count")).split(" ")[0]?.replaceAll(",", ""));
    };
    const count = (holds: (line: DiffLine) => boolean) => expected.filter(holds).length;

    await opened.page.click(".chip:has-text('remap')");
    expect(await rows()).toBe(count(({ type }) => type === "remap"));
    await opened.page.keyboard.press("x");
    await opened.page.click(".lane:has-text('swap')");
    expect(await rows()).toBe(count(({ va }) => BigInt(va) >= 0x101_0000_0000n && BigInt(va) < 0x101_0010_0000n));
    await opened.page.fill(".steps-filter input", "12-13");
    await opened.page.press(".steps-filter input", "Enter");
    expect(await rows()).toBe(
      count(({ va, step }) => step >= 12 && step <= 13 && BigInt(va) >= 0x101_0000_0000n && BigInt(va) < 0x101_0010_0000n),
    );
    await opened.page.click('text="Clear filters"');
    await opened.page.fill("#address-filter", "100`00000000+8M");
    const inSmall = ({ va, length }: DiffLine) => BigInt(va) < 0x100_0080_0000n && BigInt(va) + BigInt(length) > 0x100_0000_0000n;
    expect(await rows()).toBe(count(inSmall));
    await opened.page.fill("#address-filter", "no address");
    expect(await opened.text("#filter-problem")).toContain("no address");
  });

  test("what is exported, reread, is what is listed", async () => {
    opened = await under.open({ hash: "#sample=1&steps=12-12" });
    await opened.answered();
    const ofStep = expected.filter(({ step }) => step === 12);
    const wanted = ofStep.map(({ type, va, length }) => ({ type, va: BigInt(va), length: BigInt(length) }));
    for (const [title, format] of [
      ["JSON lines", "json"],
      ["CSV", "csv"],
      ["Parquet", "parquet"],
    ] as const) {
      const { name, path } = await opened.export(title);
      expect(name).toBe(`changes.${format === "json" ? "jsonl" : format}`);
      const rows = await reread("changes", format, Uint8Array.from(readFileSync(path)));
      expect(rows.map(({ type, va, length }) => ({ type, va, length }))).toEqual(wanted);
      expect(rows.map(({ beforePa }) => beforePa)).toEqual(ofStep.map(({ before }) => before && BigInt(before.pa)));
    }
  });

  test("changes of several steps are exported as a file for each dump", async () => {
    opened = await under.open();
    await opened.openSample();
    const { name, path } = await opened.export("Parquet");
    expect(name).toBe("changes-parquet.zip");
    const files = unzipSync(Uint8Array.from(readFileSync(path)));
    expect(Object.keys(files)).toEqual(NAMES.slice(1).map((dump) => `dump=${dump}/changes.parquet`));
    const rows = await Promise.all(Object.values(files).map((file) => reread("changes", "parquet", file.slice())));
    expect(rows.flat().map(({ va }) => va)).toEqual(expected.map(({ va }) => BigInt(va)));
  });

  test("the events of a watch list are exported with step, dump and tag", async () => {
    opened = await under.open({ hash: `#sample=1&look=list&watch=${encodeURIComponent(WATCHED)}` });
    await opened.answered();
    const { path } = await opened.export("JSON lines");
    const watches = WATCHED.split("\n").flatMap((watch) => ["--watch", watch]);
    const { stdout } = await ptm(["replay", ...FILES, ...watches, "--json"]);
    expect(readFileSync(path, "utf8")).toBe(stdout.replaceAll(`"dump":"${CAPTURE}/`, '"dump":"'));
  });

  test("the command that is copied gives the same", async () => {
    opened = await under.open({ hash: "#sample=1&steps=12-12&address=0x10100000000%2B1M" });
    await opened.answered();
    await opened.page.keyboard.press("c");
    await opened.page.waitForSelector(".toast.is-shown");
    const command = await opened.clipboard();
    const root = await captureRoot();
    expect(command).toBe(`ptm diff step-11.elf.gz step-12.elf.gz --root ${root} --arch amd64 --range 0x10100000000-0x10100100000`);
    const [, ...words] = command.split(" ");
    const { objects } = await ptm([...words.map((word) => (word.endsWith(".gz") ? `${CAPTURE}/${word}` : word)), "--json"]);
    expect(`${objects().length} of ${expected.length} events`).toBe(await opened.text("#count"));
  });
});
