/** Lines for a person: they fit the terminal, say all there is to say, and cannot steer it. */

import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { amd64 } from "../../src/arch/amd64.js";
import { infoText } from "../../src/cli/format/info-text.js";
import { jsonLine } from "../../src/cli/format/json.js";
import { DEFAULT_STRETCHES, Timeline } from "../../src/cli/format/timeline.js";
import { walkText } from "../../src/cli/format/walk-text.js";
import type { DumpInfo } from "../../src/cli/results/info.js";
import { terminalOf, widthOf } from "../../src/cli/terminal/text.js";
import type { PageTableMonitorEvent } from "../../src/model/event.js";
import type { Translation } from "../../src/model/translation.js";
import { toColumns } from "../oracle/events.js";

const ESCAPE = "\u001b";
const plain = terminalOf({ columns: 80 }, {});
const coloured = terminalOf({ isTTY: true, columns: 80 }, { TERM: "xterm" });

describe("ptm info for a person", () => {
  const dump: DumpInfo = {
    file: `evil${ESCAPE}[2J.elf`,
    format: "elf",
    runs: [
      { gfn: 1, count: 1 },
      { gfn: 0x4000, count: 0x4000 },
    ],
    vcpus: [{ root: 0x6772000n, arch: amd64() }, {}],
    damage: [{ offset: 0x40, expected: "4096 bytes", found: "12" }],
  };

  it("says what is held and where, the vCPUs, and the damage", () => {
    const text = infoText(dump, 12345, plain);
    expect(text).toContain("16,385 frames (64.0 MiB) in 2 runs");
    expect(text).toContain("PA 0x1000 to 0x8000000");
    expect(text).toMatch(/0 {2}0x6772000 {2}amd64 \(4 levels, 48-bit addresses\)/);
    expect(text).toMatch(/1 {2}not given/);
    expect(text).toMatch(/0x40 {2}4096 bytes; found 12/);
    expect(text).not.toContain(ESCAPE);
    const strip = /memory {3}(.*)/.exec(text)?.[1] ?? "";
    expect(strip).toMatch(/^▁·+█+$/);
    expect(strip.length).toBe(64);
  });

  it("draws no longer a strip than the terminal is wide, wherever the frames lie", () => {
    for (const gfn of [0, 1, 2, 1000, 2 ** 40 - 1]) {
      const text = infoText({ ...dump, runs: [{ gfn, count: 1 }] }, undefined, plain);
      expect(Math.max(...text.split("\n").map(widthOf))).toBeLessThanOrEqual(100);
      expect(text).toMatch(/memory {3}·*[▁-█]\n/);
    }
  });

  it("has something to say of a dump that holds nothing", () => {
    const text = infoText({ file: "x", format: "elf", runs: [], vcpus: [], damage: [] }, undefined, plain);
    expect(text).toContain("0 frames");
    expect(text).toContain("--root");
    expect(text).toContain("no damage");
  });
});

describe("ptm walk for a person", () => {
  const root = 0x6772000n;
  const walkOf = (values: readonly bigint[], more: Partial<Translation> = {}): Translation => ({
    va: 0x10000002123n,
    root,
    pa: undefined,
    pageSize: undefined,
    fault: undefined,
    entries: values.map((value, i) => ({
      level: 4 - i,
      name: ["PML4E", "PDPTE", "PDE", "PTE"][i] as string,
      pa: root + BigInt(i) * 0x1008n,
      value,
    })),
    ...more,
  });
  const words = (translation: Translation) => walkText(translation, amd64(), plain).replace(/\s+/g, " ");

  it("shows each entry with its flags in short, and the page it ends in", () => {
    const text = words(walkOf([0x678c067n, 0x678d067n, 0x678e067n, 0x8000000003310225n], { pa: 0x3310123n, pageSize: 4096 }));
    expect(text).toContain("4 PML4E 0x6772000 0x678c067 0x678c000 P R/W U/S A ign[6]");
    expect(text).toContain("P U/S A ign[11:9]=0x1 XD");
    expect(text).toContain("=> PA 0x3310123 in a 4 KiB page at 0x3310000");
  });

  it("explains each fault by its level", () => {
    expect(words(walkOf([0x678c067n, 0n], { fault: "not-present" }))).toContain(
      "not backed, not-present: the PDPTE at 0x6773008 (level 3) has P clear; it is all zeros",
    );
    expect(words(walkOf([0x678c067n, 0x102n], { fault: "not-present" }))).toContain("the guest's own notes");
    expect(words(walkOf([0x6780e7n], { fault: "reserved-bit" }))).toContain(
      "the PML4E at 0x6772000 (level 4) is present and has reserved bits set (PS, bit 7)",
    );
    expect(words(walkOf([0x678c067n, 0x678d067n, 0x80e7n], { fault: "reserved-bit" }))).toContain("(bits 20:13)");
    expect(words(walkOf([0x678c067n], { fault: "unreadable-table" }))).toContain(
      "the PDPTE lies in frame 0x678c (PA 0x678c000), which the dump does not hold; the PML4E points there",
    );
    expect(words(walkOf([], { fault: "unreadable-table" }))).toContain(
      "the PML4E lies in frame 0x6772 (PA 0x6772000), which the dump does not hold; the root points there",
    );
  });

  it("fits the terminal", () => {
    const all = 0xffff_ffff_ffff_ff7fn;
    for (const width of [60, 80, 140]) {
      const text = walkText(
        walkOf([all, all, all, all], { pa: 0xf_ffff_ffff_f123n, pageSize: 4096 }),
        amd64(),
        terminalOf({ columns: width }, {}),
      );
      expect(Math.max(...text.split("\n").map(widthOf))).toBeLessThanOrEqual(Math.max(width, 80));
    }
  });
});

describe("the timeline", () => {
  const files = Array.from({ length: 40 }, (_, i) => `captures/night/step-${String(i).padStart(2, "0")}.elf.gz`);
  const space = { root: 0x6772000n, arch: amd64() };
  const tags = [
    { tag: "small", watched: 2048, backed: 0 },
    { tag: `e${ESCAPE}vil`, watched: 262144, backed: 7 },
  ];
  const event = (type: PageTableMonitorEvent["type"], page: number, tag = "small"): PageTableMonitorEvent => ({
    type,
    va: BigInt(page) << 12n,
    root: space.root,
    view: 0,
    pa: 0x1000n,
    pageSize: 4096,
    tag,
    fault: type === "page-out" ? "not-present" : undefined,
  });

  function run(width: number, events: readonly PageTableMonitorEvent[][], stretchLimit = DEFAULT_STRETCHES): string[] {
    const timeline = new Timeline(terminalOf({ columns: width }, {}), { files, stretchLimit });
    const lines = [...timeline.lines({ type: "start", dump: files[0] as string, space, tags })];
    for (const [i, step] of events.entries()) {
      const dump = files[i + 1] as string;
      lines.push(...timeline.lines({ type: "step", step: i + 1, dump, events: toColumns(step), isDamaged: i === 1 }));
    }
    lines.push(...timeline.lines({ type: "unreadable", step: 39, dump: files[39] as string }), ...timeline.summary());
    return lines.flatMap((line) => line.split("\n"));
  }

  it("has a row a step with its counts, and below it the stretches by sign, range, pages and tag", () => {
    const lines = run(80, [[event("page-in", 0x100), event("page-in", 0x101)], [event("page-out", 0x100)], []]);
    const at = lines.findIndex((line) => line.includes("step-01"));
    expect(lines[at]).toMatch(/^ {3}1 {2}step-01\.elf\.gz +\+2 +9 {2}\++$/);
    expect(lines[at + 1]).toMatch(/^ {6}\+ small +0x100000-0x102000 +2 pages$/);
    expect(lines[at + 2]).toMatch(/^ {3}2 {2}step-02\.elf\.gz +-1 +8 {2}-+ damaged$/);
    expect(lines[at + 3]).toMatch(/^ {6}- small +0x100000-0x101000 +1 page$/);
    expect(lines[at + 4]).toMatch(/no change$/);
    expect(lines[at + 5]).toMatch(/step-39\.elf\.gz.*cannot be read/);
  });

  it("sums up what is beyond the limit, and with none lists every stretch", () => {
    const scattered = [1, 3, 5, 7].map((page) => event("page-in", page));
    expect(run(80, [scattered]).some((line) => /\+ small +… 2 more stretches +2 pages$/.test(line))).toBe(true);
    expect(run(80, [scattered], Number.POSITIVE_INFINITY).filter((line) => /\+ small +0x/.test(line))).toHaveLength(4);
  });

  it("fits terminals of 80 and 140 columns, also with many events and dumps, and sends no escapes of others", () => {
    const many = Array.from({ length: 2000 }, (_, i) => event("page-in", 2 * i));
    const others = Array.from({ length: 2000 }, (_, i) => event("page-in", 0x100000 + 2 * i, `e${ESCAPE}vil`));
    for (const width of [80, 140]) {
      const lines = run(width, [many, others, ...Array.from({ length: 36 }, () => [])]);
      expect(Math.max(...lines.map(widthOf)), `${width}`).toBeLessThanOrEqual(width);
      expect(lines.join("")).not.toContain(ESCAPE);
    }
  });

  it("is told apart without colour: the coloured one has the same characters", () => {
    const painted = [...new Timeline(coloured, { files, stretchLimit: 1 }).lines({ type: "start", dump: files[0] as string, space, tags })];
    const bare = [...new Timeline(plain, { files, stretchLimit: 1 }).lines({ type: "start", dump: files[0] as string, space, tags })];
    expect(painted).not.toEqual(bare);
    expect(painted.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(bare);
  });
});

describe("JSON lines", () => {
  it("have bigints as hex strings, numbers as numbers, and leave undefined out", () => {
    expect(jsonLine({ va: 0xffff_8000_0000_0000n, level: 4, pa: undefined, entries: [{ value: 0n }] })).toBe(
      '{"va":"0xffff800000000000","level":4,"entries":[{"value":"0x0"}]}\n',
    );
  });

  it("have an architecture by its fields, without its functions", () => {
    expect(jsonLine({ arch: amd64() })).toBe('{"arch":{"name":"amd64","levels":4,"virtualAddressBits":48}}\n');
  });
});
