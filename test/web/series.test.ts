/**
 * A series of hundreds of dumps: every step is told as the command tells it, and the page stays usable.
 */

import { beforeAll, describe, expect, test } from "vitest";
import { packNames, unpackNames } from "../../web-demo/model/file-names.js";
import { hasChromium } from "../support/chromium.js";
import { countsOf, type DiffLine, diffLines, FILES, NAMES } from "./expected.js";
import { type CountsByStep, type OpenedPage, usePage } from "./opened-page.js";

const LENGTH = 320;
const nameOf = (step: number) => `guest-2026-11-23-${String(step).padStart(4, "0")}.elf.gz`;
/** As long as a link may be that is sent to somebody. */
const LONGEST_LINK = 4000;

describe.skipIf(!hasChromium)("a series of hundreds of dumps", () => {
  const under = usePage();
  let opened: OpenedPage;
  let expected: CountsByStep;

  beforeAll(async () => {
    const round = await diffLines([...FILES, FILES[0] as string]);
    const lines: DiffLine[] = [];
    for (let step = 1; step < LENGTH; step++) {
      lines.push(...round.filter((line) => line.step === ((step - 1) % FILES.length) + 1).map((line) => ({ ...line, step })));
    }
    expected = countsOf(lines);
  });

  /** Drops the states of the capture again and again, each under a name of its own, in the order of `steps`. */
  async function dropSeries(steps: readonly number[]): Promise<void> {
    await opened.page.evaluate(
      async ([sources, files]) => {
        const blobs = await Promise.all(sources.map(async (name) => (await fetch(`sample/${name}`)).blob()));
        const transfer = new DataTransfer();
        for (const { name, source } of files) transfer.items.add(new File([blobs[source] as Blob], name));
        document.querySelector(".shell")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
      },
      [NAMES, steps.map((step) => ({ name: nameOf(step), source: step % NAMES.length }))] as const,
    );
    await opened.page.waitForFunction((wanted) => document.querySelectorAll(".dump").length === wanted, steps.length);
    await opened.answered();
  }

  const everyStep = Array.from({ length: LENGTH }, (_, step) => step);

  test("each step is counted as ptm diff counts it, also where the series was dropped in another order", async () => {
    opened = await under.open();
    await dropSeries([...everyStep].reverse());
    expect(await opened.counts()).toEqual(expected);
    expect(opened.complaints).toEqual([]);
  });

  test("steps are walked through in the zoomed timeline, the list of dumps follows, and a dump goes to its end by one key", async () => {
    opened = await under.open();
    await dropSeries(everyStep);
    await opened.page.focus("#timeline");
    for (let i = 0; i < 8; i++) await opened.page.keyboard.press("+");
    for (let i = 0; i < 59; i++) await opened.page.keyboard.press("]");
    await opened.page.click('[aria-label="Step after"]');
    expect(await opened.text(".timeline-step")).toBe(`step 61 · ${nameOf(61)}`);
    const { first, span } = await opened.page.$eval("#timeline", ({ dataset }) => ({
      first: Number((dataset as DOMStringMap).first),
      span: Number((dataset as DOMStringMap).span),
    }));
    expect(span).toBeLessThan(LENGTH / 10);
    expect(first).toBeLessThanOrEqual(61);
    expect(first + span).toBeGreaterThanOrEqual(62);
    const isInSight = await opened.page.$eval(".dump.is-chosen", (row) => {
      const [own, list] = [row.getBoundingClientRect(), (row.parentElement as HTMLElement).getBoundingClientRect()];
      return own.top >= list.top - 1 && own.bottom <= list.bottom + 1;
    });
    expect(isInSight).toBe(true);

    await opened.page.focus(".dump >> nth=1 >> .dump-name");
    await opened.page.keyboard.press("Alt+End");
    await opened.page.waitForFunction((name) => document.querySelector(".dump:last-child .dump-name")?.textContent === name, nameOf(1));
    await opened.answered();
    expect(await opened.page.evaluate(() => document.activeElement?.textContent)).toBe(nameOf(1));
  });

  test("its link is short enough to be sent, and brings back the order made by hand", async () => {
    opened = await under.open();
    await dropSeries(everyStep);
    await opened.page.focus(".dump >> nth=0 >> .dump-name");
    await opened.page.keyboard.press("Alt+ArrowDown");
    await opened.page.waitForFunction((name) => document.querySelector(".dump-name")?.textContent === name, nameOf(1));
    await opened.answered();
    const counts = await opened.counts();
    await opened.page.click(".dump >> nth=7 >> .dump-name");
    await opened.page.keyboard.press("u");
    await opened.page.waitForSelector(".toast.is-shown");
    const link = await opened.clipboard();
    await opened.context.close();
    expect(link.length).toBeLessThan(LONGEST_LINK);

    opened = await under.open({ hash: new URL(link).hash });
    expect(await opened.text(".start")).toContain(`${LENGTH} files`);
    await dropSeries(everyStep);
    expect(await opened.page.$$eval(".dump-name", (names) => names.slice(0, 3).map((name) => name.textContent))).toEqual([
      nameOf(1),
      nameOf(0),
      nameOf(2),
    ]);
    expect(await opened.counts()).toEqual(counts);
    expect(await opened.text(".timeline-step")).toBe(`step 7 · ${nameOf(7)}`);
  });

  test("of a link whose files are not all there it is said which are missing, and the link stays whole", async () => {
    opened = await under.open({ hash: `#file=${nameOf(0)}&file=${nameOf(1)}&file=${nameOf(2)}&step=2` });
    await dropSeries([0, 2]);
    expect(await opened.text("#missing-files")).toContain(`1 more file: ${nameOf(1)}`);
    await opened.page.keyboard.press("u");
    await opened.page.waitForSelector(".toast.is-shown");
    expect(new URLSearchParams(new URL(await opened.clipboard()).hash.slice(1)).getAll("file")).toEqual([nameOf(0), nameOf(1), nameOf(2)]);
  });
});

test("names in a link come back as they were, and what is no such text gives what can be read of it", () => {
  for (const names of [["a"], ["a", "a"], ["aa", "a", "aaa"], ["x-1.elf", "x-10.elf", "y-10.elf.gz"], everyKind()]) {
    expect(unpackNames(packNames(names) as string)).toEqual(names);
  }
  expect(packNames(["a*b"])).toBeUndefined();
  expect(unpackNames("")).toEqual([]);
  expect(unpackNames("00a*zzb")).toEqual(["a"]);
});

function everyKind(): readonly string[] {
  return Array.from({ length: 300 }, (_, i) => `${"é".repeat(i % 50)}-${i * 7919}.${"z".repeat(i % 45)}`);
}
