/**
 * Whole address spaces of real guests: the bundled capture, or those that CAPTURES names, against naive listings, kernel half
 * included.
 *
 *     CAPTURES=/captures/a:/captures/b npx vitest run test/space/captures.test.ts
 */

import { describe, expect, it } from "vitest";
import { type Backing, type Change, changes, type Dump, findRoots, type Mapping, mappings, openDump, summarize } from "../../src/index.js";
import { captureFolders } from "../capture/captures.js";
import { readCapture, type Step } from "../capture/truth.js";
import { changesNaively, listNaively, type NaiveListing, type NaiveMode, stretchesOf } from "./naive.js";

const TIMEOUT_MS = 120_000;
/** The kernel's own root, and the user root beside it. */
const KERNEL_ROOTS = 2;

describe.each(captureFolders())("the address spaces of $name", ({ folder }) => {
  const capture = readCapture(folder);
  const mode: NaiveMode = { levels: capture.mode === "x86-5level" ? 5 : 4, physicalAddressBits: 52, encryptionMask: 0n };

  it(
    "are listed, summed and compared at every step as naive listings have them",
    async () => {
      const earlier = new Map<bigint, NaiveListing>();
      let before: Dump | undefined;
      let stretches = 0;
      let changed = 0;
      for (const step of capture.steps) {
        const dump = await openDump(step.dumpPath);
        for (const root of rootsOf(step)) {
          const naive = listNaively(readerOf(dump), mode, root);
          const listed = [...(await mappings(dump, { root }))];
          expect(firstDifference(listed, stretchesOf(naive.leaves)), step.label).toBeUndefined();
          const { pages, bytes } = await summarize(dump, { root });
          expect(pages).toBe(naive.leaves.length);
          expect(bytes).toBe(naive.leaves.reduce((sum, { length }) => sum + length, 0n));
          const last = earlier.get(root);
          if (before && last) {
            const found = [...(await changes(before, dump, { root }))];
            expect(firstDifference(found, changesNaively(last, naive)), step.label).toBeUndefined();
            changed += found.length;
          }
          earlier.set(root, naive);
          stretches += listed.length;
        }
        before?.close();
        before = dump;
      }
      before?.close();
      expect(stretches).toBeGreaterThan(0);
      expect(changed).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it("are found by their roots at every step, those in use before all others, in the right mode", async () => {
    for (const step of capture.steps) {
      const dump = await openDump(step.dumpPath);
      const found = await findRoots(dump);
      const live = rootsOf(step);
      // The kernel's own, which VMCOREINFO names, and its user root are in use as well.
      const inUse = found.filter(({ root, reasons }) => live.includes(root) || reasons.some((reason) => reason.includes("swapper_pg_dir")));
      const first = found.slice(0, live.length + KERNEL_ROOTS).map(({ root }) => root);
      for (const root of live) expect(first, step.label).toContain(root);
      expect(inUse.length, step.label).toBeGreaterThanOrEqual(live.length);
      expect(new Set(found.map(({ arch }) => arch.levels))).toEqual(new Set([mode.levels]));
      // Without the notes the tables alone tell the mode, and which processes there are.
      const bare = { runs: dump.runs, readFrame: dump.readFrame.bind(dump) };
      const unaided = await findRoots(bare);
      const processes = step.processes.flatMap(({ root, kernelRoot }) => (kernelRoot === undefined ? [root] : [root, kernelRoot]));
      expect(new Set(unaided.map(({ arch }) => arch.levels))).toEqual(new Set([mode.levels]));
      const best = unaided.slice(0, processes.length).map(({ root }) => root);
      expect(new Set(best), step.label).toEqual(new Set(processes));
      dump.close();
    }
  });
});

type Rows = readonly (Mapping | Change)[];

/** Lists of many thousand rows are compared as text. */
function firstDifference(found: Rows, expected: Rows): readonly [found: string, expected: string] | undefined {
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    const [is, should] = [textOf(found[i]), textOf(expected[i])];
    if (is !== should) return [is, should];
  }
  return undefined;
}

function textOf(row: Mapping | Change | undefined): string {
  if (row === undefined) return "none";
  const start = `${row.va} ${row.length}`;
  if ("type" in row) return `${start} ${row.type} from ${backingText(row.before)} to ${backingText(row.after)}`;
  const { global, accessed, dirty } = row.details;
  return `${start} ${backingText(row)} ${global} ${accessed} ${dirty}`;
}

function backingText(backing: Backing | undefined): string {
  if (backing === undefined) return "nothing";
  const { read, write, execute, user } = backing.access;
  return `${backing.pa} ${backing.pageSize} ${read} ${write} ${execute} ${user}`;
}

/** Of the processes that the truth speaks of (both, where page tables are isolated), and of the vCPUs. */
function rootsOf(step: Step): readonly bigint[] {
  const ofProcesses = step.processes.flatMap(({ root, kernelRoot }) => (kernelRoot === undefined ? [root] : [root, kernelRoot]));
  return [...new Set([...ofProcesses, ...step.cpuRoots])];
}

function readerOf(dump: Dump): (gfn: number) => BigUint64Array | undefined {
  const tables = new Map<number, BigUint64Array | undefined>();
  return (gfn) => {
    if (!tables.has(gfn)) {
      const frame = new BigUint64Array(512);
      tables.set(gfn, dump.readFrame(gfn, new Uint8Array(frame.buffer)) ? frame : undefined);
    }
    return tables.get(gfn);
  };
}
