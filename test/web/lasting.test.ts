/**
 * What lasts: share, rate and time left are said while it runs, and whatever is cancelled in the middle can be had all the same.
 */

import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SyntheticGuest } from "../../bench/web/synthetic-dump.mjs";
import { changes, openDump } from "../../src/index.js";
import { hasChromium } from "../support/chromium.js";
import { type OpenedPage, usePage } from "./opened-page.js";

const FRAMES_OF_HALF_A_GIBIBYTE = 131_072;
const SHARE_RATE_AND_LEFT = "^\\d+ % · [0-9.,]+ ([KMG]iB|rows)/s · \\d+ s left$";

describe.skipIf(!hasChromium)("what lasts on the page", () => {
  const under = usePage();
  let opened: OpenedPage;
  let folder: string;
  let sparse: readonly [string, string];
  let dense: readonly [string, string];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lasting-"));
    const scattered = new SyntheticGuest({ frames: FRAMES_OF_HALF_A_GIBIBYTE, tables: 4000, pages: 16, seed: 3 });
    sparse = [join(folder, "before.elf"), join(folder, "later.elf")];
    scattered.write(sparse[0]);
    for (let i = 0; i < 500; i++) scattered.map(scattered.leaves[scattered.random(4000)] ?? 0, 32 * scattered.random(16));
    scattered.write(sparse[1]);
    const filling = new SyntheticGuest({ frames: 32_768, tables: 2000, pages: 0, seed: 5 });
    dense = [join(folder, "empty.elf"), join(folder, "full.elf")];
    filling.write(dense[0]);
    for (const leaf of filling.leaves) for (let i = 0; i < 512; i++) filling.map(leaf, i);
    filling.write(dense[1]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Until the task of that kind has said all there is to say of it. */
  async function tellsHowFar(kind: string): Promise<void> {
    await opened.page.waitForFunction(
      ([wanted, pattern]) => new RegExp(pattern).test(document.querySelector(`.task[data-kind=${wanted}] .task-facts`)?.textContent ?? ""),
      [kind, SHARE_RATE_AND_LEFT] as const,
    );
  }

  async function cancel(kind: string): Promise<void> {
    await opened.page.click(`.task[data-kind=${kind}] button`);
    await opened.page.waitForSelector(`.task[data-kind=${kind}]`, { state: "detached" });
  }

  /** What the library says has changed. */
  async function changed([before, after]: readonly [string, string]): Promise<number> {
    const dumps = [await openDump(before), await openDump(after)] as const;
    const root = dumps[0].vcpus[0]?.root ?? 0n;
    const rows = [...(await changes(...dumps, { root }))].length;
    for (const dump of dumps) dump.close();
    return rows;
  }

  for (const server of ["isolated", "plain"] as const) {
    test(`a comparison, ${server} server: cancelled and asked for again it gives all there is`, async () => {
      opened = await under.open(server === "plain" ? { server: under.plain } : {});
      await opened.choose(sparse);
      await tellsHowFar("comparing");
      expect(await opened.text(".task[data-kind=comparing] .task-title")).toBe("Comparing before.elf with later.elf");
      await cancel("comparing");
      await opened.page.waitForSelector("#events[data-status=cancelled]");
      expect(await opened.text("#filter-problem")).toBe("Cancelled: what is listed is not all.");

      await opened.page.click("#again-button");
      await opened.answered();
      expect(await opened.text("#count")).toBe(`${(await changed(sparse)).toLocaleString("en")} events`);
      expect(await opened.page.$$("#again-button")).toEqual([]);
      expect(opened.complaints).toEqual([]);
    });
  }

  test("a watch list: cancelled and asked for again it gives all there is", async () => {
    opened = await under.open({ hash: `#look=list&watch=${encodeURIComponent("0x8000000000+7G=all")}` });
    await opened.choose(sparse);
    await tellsHowFar("comparing");
    await opened.page.keyboard.press("Escape");
    await opened.page.waitForSelector("#events[data-status=cancelled]");
    await opened.page.click("#again-button");
    await opened.answered();

    // Every change is one page that moved: out of one frame, in at another.
    expect(await opened.text("#count")).toBe(`${(2 * (await changedPages())).toLocaleString("en")} events`);
    expect(opened.complaints).toEqual([]);
  });

  async function changedPages(): Promise<number> {
    const dumps = [await openDump(sparse[0]), await openDump(sparse[1])] as const;
    let pages = 0;
    const range = { from: 0x80_0000_0000n, to: 0x80_0000_0000n + (7n << 30n) };
    for (const { length } of await changes(...dumps, { root: dumps[0].vcpus[0]?.root ?? 0n, range })) pages += Number(length >> 12n);
    for (const dump of dumps) dump.close();
    return pages;
  }

  test("the search for address spaces goes on beside a comparison; cancelled and asked for again it finds them", async () => {
    opened = await under.open();
    await opened.choose(sparse);
    await opened.page.waitForSelector(".task[data-kind=comparing]");
    await opened.page.click("text=Find address spaces");
    await opened.page.waitForFunction(() =>
      / % · [0-9.]+ [KMG]iB\/s/.test(document.querySelector(".task[data-kind=finding]")?.textContent ?? ""),
    );
    await cancel("finding");
    expect(await opened.page.$$(".root")).toEqual([]);
    await opened.answered();
    expect(await opened.text("#count")).toBe(`${(await changed(sparse)).toLocaleString("en")} events`);

    await opened.page.click("text=Find address spaces");
    await opened.page.waitForSelector(".root");
    expect(await opened.text(".root .mono >> nth=0")).toMatch(/^0x[0-9a-f]+$/);
    expect(opened.complaints).toEqual([]);
  });

  test("an export of a million rows: cancelled it gives no file, and another gives them all", async () => {
    opened = await under.open();
    await opened.choose(dense);
    await opened.answered();
    const rows = await changed(dense);
    expect(rows).toBeGreaterThan(1_000_000);
    await opened.page.click("#export-button");
    await opened.page.click(`#export-items >> text="Parquet"`);
    await tellsHowFar("exporting");
    await cancel("exporting");

    const { path } = await opened.export("CSV");
    let lines = 0;
    for await (const piece of createReadStream(path)) for (const byte of piece as Uint8Array) if (byte === 10) lines++;
    expect(lines).toBe(1 + rows);
    expect(opened.complaints).toEqual([]);
  });
});
