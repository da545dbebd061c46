/**
 * The truth itself, before anything is judged by it: it must agree with a walker that shares no code with the library, and
 * a wrong truth must be noticed.
 */

import { describe, expect, it } from "vitest";
import { ElfCore } from "../../tools/capture/lib/elf-core.mjs";
import { captureFolders } from "./captures.js";
import { differences, expectedEvents } from "./expected-events.js";
import { translateNaively } from "./naive-translation.js";
import { PageComparison } from "./page-comparison.js";
import { type Process, readCapture, type Step, stepOf, UNKNOWN_SIZE } from "./truth.js";

const WORKLOAD_STEPS = 16;
const DIFFERENCES_SHOWN = 20;

describe.each(captureFolders())("the truth of $name", ({ folder }) => {
  const capture = readCapture(folder);

  it("has the steps of the workload, the child being there from fork to cow", () => {
    expect(capture.steps.map(({ number }) => number)).toEqual(Array.from({ length: WORKLOAD_STEPS }, (_, i) => i));
    const withChild = capture.steps.filter(({ processes }) => processes.some(({ role }) => role === "child"));
    expect(withChild.map(({ label }) => label)).toEqual(["fork", "cow"]);
    expect(capture.steps.every(({ processes }) => processes.filter(({ role }) => role === "parent").length === 1)).toBe(true);
  });

  it("was told while nothing moved: the guest found its pagemap unchanged after every dump", () => {
    expect(capture.steps.filter(({ wasAtRest }) => !wasAtRest)).toEqual([]);
  });

  it("knows the size of every page that backs the parent", () => {
    for (const { label, processes } of capture.steps) {
      for (const region of processes.find(({ role }) => role === "parent")?.regions ?? []) {
        expect(region.pageSizes.filter((size) => size !== UNKNOWN_SIZE).length, `${label} ${region.name}`).toBe(region.backed);
      }
    }
  });

  it("has pages of all kinds: small and large, swapped out, and resident without access", () => {
    const regions = capture.steps.flatMap(({ processes }) => processes.flatMap((process) => process.regions));
    expect(new Set(regions.flatMap(({ pageSizes }) => Array.from(new Set(pageSizes))))).toEqual(new Set([UNKNOWN_SIZE, 4096, 2 ** 21]));
    expect(regions.some(({ swapped }) => swapped > 0)).toBe(true);
    expect(regions.some(({ withoutAccess }) => withoutAccess > 0)).toBe(true);
  });

  it("agrees with a naive walk on every page of every region, and on the events of every step", () => {
    const comparison = new PageComparison();
    let truthBefore: readonly Process[] = [];
    let walkedBefore: readonly Process[] = [];
    let events = 0;
    for (const step of capture.steps) {
      const core = new ElfCore(step.dumpPath);
      const truth = step.processes;
      const walked = truth.map((process) => translateNaively(core, capture.mode, process).process);
      for (const [index, process] of truth.entries()) compareRegions(comparison, `${step.label} ${process.role}`, process, walked[index]);
      const expected = expectedEvents(truthBefore, truth);
      const fromWalks = expectedEvents(walkedBefore, walked).map((event) => ({ ...event, pageSize: event.pageSize ?? UNKNOWN_SIZE }));
      expect(differences(fromWalks, expected).slice(0, DIFFERENCES_SHOWN), step.label).toEqual([]);
      events += expected.length;
      [truthBefore, walkedBefore] = [truth, walked];
    }
    expect(comparison.mismatches).toEqual([]);
    expect(comparison.backed).toBeGreaterThan(0);
    expect(events).toBeGreaterThan(0);
  });
});

function compareRegions(comparison: PageComparison, about: string, truth: Process, walked: Process | undefined): void {
  for (const [index, region] of truth.regions.entries()) {
    const found = walked?.regions[index];
    comparison.comparePas(about, region, found?.pas ?? new BigUint64Array());
    comparison.compareSizes(about, region, found?.pageSizes ?? new Uint32Array());
  }
}

describe("a truth made by hand", () => {
  const PARENT_ROOT = 0x5000n;
  const process = (runs: readonly (readonly [number, number, string, number])[], access = "rw-p") => ({
    role: "parent",
    root: "0x8000000000005018",
    regions: [{ name: "thp", start: "0x200000", pages: 4, runs }],
    maps: [["0x201000", "0x203000", access]] as const,
  });
  const step = (stored: ReturnType<typeof process>, tlb: readonly (readonly [string, number, string, string])[] = []): Step =>
    stepOf("/nowhere", {
      step: 0,
      label: "made",
      dump: "step-00.elf",
      prevStable: true,
      qemu: { cpus: [{ cr3: "0x5018" }], parentCpu: 0, tlbEntries: 0, tlb },
      procs: [stored],
    });

  const RESIDENT = 0x100;
  const SWAPPED = 0x80;
  const NONE = 2n ** 64n - 1n;

  it("clears what is no address bit from roots", () => {
    const { cpuRoots, processes } = step(process([]));
    expect(cpuRoots).toEqual([PARENT_ROOT]);
    expect(processes[0]?.root).toBe(PARENT_ROOT);
  });

  it("expands runs to pages, one frame further a page", () => {
    const region = step(process([[1, 2, "0xa", RESIDENT]])).processes[0]?.regions[0];
    expect(Array.from(region?.pas ?? [])).toEqual([NONE, 0xa000n, 0xb000n, NONE]);
    expect(region).toMatchObject({ backed: 2, swapped: 0, withoutAccess: 0 });
  });

  it("takes a swapped page, and a resident one without access, as not backed", () => {
    const swapped = step(process([[1, 1, "0xa", SWAPPED]])).processes[0]?.regions[0];
    expect(swapped).toMatchObject({ backed: 0, swapped: 1, withoutAccess: 0, pas: new BigUint64Array(4).fill(NONE) });
    const forbidden = step(process([[0, 4, "0xa", RESIDENT]], "---p")).processes[0]?.regions[0];
    expect(forbidden).toMatchObject({ backed: 2, swapped: 0, withoutAccess: 2 });
    expect(Array.from(forbidden?.pas ?? [])).toEqual([0xa000n, NONE, NONE, 0xd000n]);
  });

  it("learns page sizes from QEMU, also of a large page that is wider than the region", () => {
    const region = step(process([[0, 4, "0x400", RESIDENT]]), [["0x200000", 512, "0x400000", "X--DA--UWP"]]).processes[0]?.regions[0];
    expect(Array.from(region?.pageSizes ?? [])).toEqual([2 ** 21, 2 ** 21, 2 ** 21, 2 ** 21]);
  });

  it("expects a page-out before the page-in of a page that moved, nothing of one that stayed, and orders by address", () => {
    const before = step(process([[0, 3, "0xa", RESIDENT]]), [["0x200000", 3, "0xa000", "X"]]).processes;
    const after = step(
      process([
        [0, 1, "0xa", RESIDENT],
        [1, 1, "0x20", RESIDENT],
        [3, 1, "0x21", RESIDENT],
      ]),
    ).processes;
    const about = { view: 0, root: PARENT_ROOT, tag: "parent thp" };
    expect(expectedEvents(before, after)).toEqual([
      { type: "page-out", ...about, va: 0x201000n, pa: 0xb000n, pageSize: 4096, fault: undefined },
      { type: "page-in", ...about, va: 0x201000n, pa: 0x20000n, pageSize: undefined, fault: undefined },
      { type: "page-out", ...about, va: 0x202000n, pa: 0xc000n, pageSize: 4096, fault: "not-present" },
      { type: "page-in", ...about, va: 0x203000n, pa: 0x21000n, pageSize: undefined, fault: undefined },
    ]);
  });

  it("expects nothing of a process that was not there before", () => {
    const there = step(process([[0, 3, "0xa", RESIDENT]])).processes;
    expect(expectedEvents([], there)).toEqual([]);
    expect(expectedEvents(there, [])).toEqual([]);
  });

  it("notices one event too many, one too few, one in the wrong place and one wrong field", () => {
    const before = step(process([[0, 3, "0xa", RESIDENT]])).processes;
    const expected = expectedEvents(before, step(process([])).processes);
    const actual = expected.map((event) => ({ ...event, pageSize: 4096 }));
    const [first, second, third] = actual;
    if (first === undefined || second === undefined || third === undefined) throw new Error("three events were expected");
    expect(differences(actual, expected)).toEqual([]);
    expect(differences([...actual, third], expected)).toHaveLength(1);
    expect(differences([first, second], expected)).toHaveLength(1);
    expect(differences([second, first, third], expected)).toHaveLength(2);
    for (const wrong of [
      { pa: 0n },
      { root: 0n },
      { va: 0n },
      { view: 1 },
      { tag: "" },
      { fault: undefined },
      { type: "page-in" as const },
    ]) {
      expect(differences([{ ...first, ...wrong }, second, third], expected), JSON.stringify(Object.keys(wrong))).toHaveLength(1);
    }
  });

  it("notices a page at another frame and one of another size", () => {
    const region = step(process([[0, 3, "0xa", RESIDENT]]), [["0x200000", 3, "0xa000", "X"]]).processes[0]?.regions[0];
    if (region === undefined) throw new Error("a region was expected");
    const comparison = new PageComparison();
    comparison.comparePas("right", region, region.pas);
    comparison.compareSizes("right", region, region.pageSizes);
    expect(comparison).toMatchObject({ mismatchCount: 0, pages: 4, backed: 3, sizes: 3 });
    comparison.comparePas("wrong", region, region.pas.with(1, 0xf000n));
    comparison.compareSizes("wrong", region, region.pageSizes.with(1, 1));
    expect(comparison.mismatches).toEqual([
      "wrong thp 0x201000: 0xf000 instead of 0xb000",
      "wrong thp 0x201000: page of 1 bytes instead of 4096",
    ]);
  });
});
