/**
 * The page in use: links, keys, cancelling, files that are no dumps, and what it must never do: talk to anybody else.
 */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import axe from "axe-core";
import { beforeAll, describe, expect, test } from "vitest";
import { hasChromium } from "../support/chromium.js";
import { CR4_PAE, coreOfFrames } from "../support/dump-writer.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { countsOf, type DiffLine, diffLines, FILES, slowImage, walkLine } from "./expected.js";
import { type OpenedPage, usePage } from "./opened-page.js";

const LA57 = 0x1000n;

describe.skipIf(!hasChromium)("the page in use", () => {
  const under = usePage();
  let opened: OpenedPage;
  let expected: readonly DiffLine[];

  beforeAll(async () => {
    expected = await diffLines(FILES.slice(0, 4));
  });

  test("a link reopens filters, step and inspected address once the same files are there, and holds nothing of them", async () => {
    opened = await under.open();
    await opened.choose(FILES.slice(0, 4));
    await opened.answered();
    await opened.page.click(".chip:has-text('page-out')");
    await opened.answered();
    await opened.page.click(".event >> nth=1");
    await opened.page.waitForSelector(".walk .level");
    await opened.page.keyboard.press("u");
    await opened.page.waitForSelector(".toast.is-shown");
    const link = await opened.clipboard();
    const seen = [await opened.text("#count"), await opened.text(".inspector-va"), await opened.text("#outcome-after")];
    await opened.context.close();

    const parts = new URLSearchParams(new URL(link).hash.slice(1));
    expect([...parts.keys()]).toEqual(["file", "file", "file", "file", "types", "step", "va"]);
    opened = await under.open({ hash: new URL(link).hash });
    expect(await opened.text("#drop-title")).toBe("Drop the files this link was made with");
    await opened.choose(FILES.slice(0, 4));
    await opened.answered();
    await opened.page.waitForSelector(".walk .level");
    expect([await opened.text("#count"), await opened.text(".inspector-va"), await opened.text("#outcome-after")]).toEqual(seen);
  });

  test("by keyboard alone from the start to an inspected event", async () => {
    opened = await under.open();
    await opened.page.keyboard.press("s");
    await opened.answered();
    await opened.page.keyboard.press("t");
    await opened.page.keyboard.press("End");
    for (let i = 0; i < 5; i++) await opened.page.keyboard.press("ArrowLeft");
    await opened.page.keyboard.press("ArrowDown");
    await opened.page.keyboard.press("ArrowDown");
    await opened.page.keyboard.press("ArrowDown");
    expect(await opened.text("#timeline-cell")).toBe("Step 10, hugetlb: page-in 1,024 pages");
    await opened.page.keyboard.press("Enter");
    await opened.answered();
    expect(await opened.page.evaluate(() => document.activeElement?.id)).toBe("events");
    await opened.page.keyboard.press("ArrowDown");
    await opened.page.keyboard.press("Enter");
    await opened.page.waitForSelector(".walk .level");

    const va = (await opened.text(".inspector-va")).trim();
    const { entries } = await walkLine(FILES[10] as string, va);
    expect(await opened.walk("after")).toEqual(entries.map(({ name, pa, value }) => ({ name, pa, value })));
    await opened.page.keyboard.press("?");
    expect(await opened.page.isVisible(".help")).toBe(true);
    await opened.page.keyboard.press("Escape");
    await opened.page.keyboard.press("Escape");
    expect(await opened.page.isVisible("#inspector")).toBe(false);
  });

  test("a load that is cancelled half way leaves what was open, and another load works", async () => {
    opened = await under.open();
    await opened.choose([
      { name: "a.elf.gz", mimeType: "", buffer: readFileSync(FILES[0] as string) },
      { name: "b.raw.gz", mimeType: "", buffer: slowImage() },
      { name: "c.elf.gz", mimeType: "", buffer: readFileSync(FILES[1] as string) },
    ]);
    await opened.page.click('.task >> text="Cancel"');
    await opened.page.waitForFunction(() => document.querySelectorAll(".dump").length === 1);
    expect(await opened.text(".dump-name")).toBe("a.elf.gz");

    await opened.choose(FILES.slice(1, 4));
    await opened.answered();
    expect(await opened.counts()).toEqual(countsOf(expected));
    expect(opened.complaints).toEqual([]);
  });

  test("a cut-off file, a text file and a mode that does not fit are said beside the file, and the rest is usable", async () => {
    const whole = gunzipSync(readFileSync(FILES[3] as string));
    const guest = new Guest();
    const wide = new AddressSpace(guest, 5);
    wide.map(0x7000n, 0x10_0000n);
    const frames = new Map([...guest.frames].map(([gfn, entries]) => [gfn, new Uint8Array(entries.buffer)]));
    opened = await under.open();
    await opened.choose([
      { name: "step-00.elf.gz", mimeType: "", buffer: readFileSync(FILES[0] as string) },
      { name: "step-01.elf.gz", mimeType: "", buffer: readFileSync(FILES[1] as string) },
      { name: "step-02-notes.txt", mimeType: "text/plain", buffer: Buffer.from("what I did on Monday\n") },
      { name: "step-03-wide.elf", mimeType: "", buffer: Buffer.from(coreOfFrames(frames, [{ cr3: wide.root, cr4: LA57 | CR4_PAE }])) },
      { name: "step-04.elf.gz", mimeType: "", buffer: readFileSync(FILES[2] as string) },
      { name: "step-05-cut.elf", mimeType: "", buffer: whole.subarray(0, whole.length - 100_000) },
    ]);
    await opened.answered();

    const problems = await opened.page.$$eval(".dump", (rows) =>
      rows.map((row) => [...row.querySelectorAll(".problem")].map((problem) => problem.textContent).join(" ")),
    );
    expect(await opened.text("#troubled-button")).toBe("3 dumps with problems");
    expect(problems[0]).toBe("");
    expect(problems[1]).toBe("");
    expect(problems[2]).toMatch(/expected an ELF core, or a raw image/);
    expect(problems[3]).toBe("its mode is amd64-la57, not amd64: passed over");
    expect(problems[4]).toBe("");
    expect(problems[5]).toMatch(/Damaged at offset 0x[0-9a-f]+: expected .* found/);
    const counts = await opened.counts();
    const [one, two] = [countsOf(expected)[1], countsOf(expected)[2]];
    expect([counts[1], counts[4]]).toEqual([one, two]);
    expect(Object.keys(counts)).not.toContain("2");
  });

  test("nothing is asked of anybody but the place that the page came from", async () => {
    opened = await under.open();
    await opened.openSample();
    await opened.page.click("text=Find address spaces");
    await opened.page.waitForSelector(".root");
    await opened.export("CSV");
    expect(opened.requests.length).toBeGreaterThan(18);
    const elsewhere = opened.requests.filter((url) => new URL(url).origin !== opened.server.origin && !url.startsWith("blob:"));
    expect(elsewhere).toEqual([]);

    const refusals = await opened.page.evaluate(async () => {
      const attempt = `fetch("https://example.invalid/").then(() => "sent", (error) => String(error))`;
      const inPage = await fetch("https://example.invalid/").then(
        () => "sent",
        (error) => String(error),
      );
      // A worker made the way the page makes its own.
      const url = URL.createObjectURL(new Blob([`${attempt}.then(postMessage)`], { type: "text/javascript" }));
      const inWorker = await new Promise<string>((answered) => {
        const worker = new Worker(url, { type: "module" });
        worker.onmessage = ({ data }) => answered(data);
      });
      return { inPage, inWorker };
    });
    expect(refusals).toEqual({ inPage: "TypeError: Failed to fetch", inWorker: "TypeError: Failed to fetch" });
    expect(opened.complaints.filter((text) => text.includes("Content Security Policy"))).toHaveLength(2);
    expect(opened.requests.filter((url) => url.includes("example.invalid"))).toEqual([]);
  });

  test("dumps moved by hand give the changes in their new order", async () => {
    opened = await under.open();
    await opened.choose([FILES[1] as string, FILES[2] as string]);
    await opened.answered();
    const forward = await opened.counts();
    await opened.page.focus(".dump >> nth=1 >> button >> nth=0");
    await opened.page.keyboard.press("Alt+ArrowUp");
    await opened.page.waitForFunction(() => document.querySelector(".dump-name")?.textContent === "step-02.elf.gz");
    await opened.answered();

    const backward = await opened.counts();
    expect(backward[1]?.["page-in"]).toBe(forward[1]?.["page-out"]);
    expect(backward[1]?.["page-out"]).toBe(forward[1]?.["page-in"]);
  });

  for (const theme of ["light", "dark"] as const) {
    test(`an accessibility checker finds no serious fault, ${theme}`, async () => {
      opened = await under.open({ width: 1600 });
      await opened.page.emulateMedia({ colorScheme: theme });
      expect(await faults(opened)).toEqual([]);
      await opened.openSample();
      await opened.page.click(".event >> nth=3");
      await opened.page.waitForSelector(".walk .level");
      await opened.page.click("text=Find address spaces");
      await opened.page.waitForSelector(".root");
      await opened.page.waitForSelector(".map-bars button");
      expect(await faults(opened)).toEqual([]);
      await opened.page.keyboard.press("?");
      expect(await faults(opened)).toEqual([]);
    });
  }
});

/** What axe calls serious or critical. Its script comes in past the policy, as a test may. */
async function faults(opened: OpenedPage): Promise<readonly string[]> {
  await opened.page.evaluate(`${axe.source}; undefined`);
  return opened.page.evaluate(async () => {
    const checker = (globalThis as unknown as { axe: typeof axe }).axe;
    const { violations } = await checker.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`));
  });
}
