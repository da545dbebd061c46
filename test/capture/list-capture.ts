/**
 * Whole address spaces of a capture against naive listings and against QEMU: every root at every step, kernel half included.
 */

import { type Backing, type Change, changes, type Dump, type Mapping, mappings, openDump, summarize } from "../../src/index.js";
import { changesNaively, listNaively, type NaiveListing, type NaiveMode, type ReadTable, stretchesOf } from "../space/naive.js";
import { type Capture, PAGE, type Step } from "./truth.js";

/** Enough to see a pattern. */
const DIFFERENCES_KEPT = 20;
const LARGE_PAGES = 512;

export interface SpaceComparison {
  /** In words, the first ones only. */
  readonly differences: readonly string[];
  /** Address spaces looked at, a root at a step each. */
  readonly spaces: number;
  readonly leaves: number;
  readonly stretches: number;
  readonly changes: number;
}

/** Mappings, sums and changes of every root at every step. */
export async function listCapture(capture: Capture): Promise<SpaceComparison> {
  const mode: NaiveMode = { levels: capture.mode === "x86-5level" ? 5 : 4, physicalAddressBits: 52, encryptionMask: 0n };
  const differences: string[] = [];
  const counts = { spaces: 0, leaves: 0, stretches: 0, changes: 0 };
  let earlier = new Map<bigint, NaiveListing>();
  let before: Dump | undefined;
  for (const step of capture.steps) {
    const dump = await openDump(step.dumpPath);
    const readTable = readerOf(dump);
    const listings = new Map<bigint, NaiveListing>();
    for (const root of rootsOf(capture, step)) {
      const about = `step ${step.number} ${step.label} root 0x${root.toString(16)}`;
      const naive = listNaively(readTable, mode, root);
      const listed = [...(await mappings(dump, { root }))];
      noteDifference(differences, `${about}: mappings`, listed, stretchesOf(naive.leaves));
      const { pages, bytes } = await summarize(dump, { root });
      if (pages !== naive.leaves.length) differences.push(`${about}: ${pages} pages instead of ${naive.leaves.length}`);
      const length = naive.leaves.reduce((sum, leaf) => sum + leaf.length, 0n);
      if (bytes !== length) differences.push(`${about}: ${bytes} bytes instead of ${length}`);
      const last = earlier.get(root);
      if (before && last) {
        const found = [...(await changes(before, dump, { root }))];
        noteDifference(differences, `${about}: changes`, found, changesNaively(last, naive));
        counts.changes += found.length;
      }
      listings.set(root, naive);
      counts.spaces++;
      counts.leaves += pages;
      counts.stretches += listed.length;
    }
    before?.close();
    [before, earlier] = [dump, listings];
  }
  before?.close();
  return { differences: differences.slice(0, DIFFERENCES_KEPT), ...counts };
}

/** Of the processes that the truth speaks of (both, where page tables are isolated), of the vCPUs, and the kernel's own. */
export function rootsOf({ kernelRoot }: Capture, step: Step): readonly bigint[] {
  const ofProcesses = step.processes.flatMap((process) => [process.root, process.kernelRoot ?? process.root]);
  return [...new Set([...ofProcesses, ...step.cpuRoots, kernelRoot])];
}

export interface QemuComparison {
  readonly differences: readonly string[];
  /** Leaves of whole spaces, counted. */
  readonly leaves: number;
  /** Pages of 4 KiB within the regions, each compared in VA, PA, size and access. */
  readonly pages: number;
}

/** What `mappings` and `summarize` say of the parent against QEMU's "info tlb". */
export async function compareWithQemu(capture: Capture): Promise<QemuComparison> {
  const differences: string[] = [];
  let [leaves, pages] = [0, 0];
  for (const step of capture.steps) {
    const about = `step ${step.number} ${step.label}`;
    const dump = await openDump(step.dumpPath);
    const root = step.cpuRoots[step.parentCpu] as bigint;
    const summary = await summarize(dump, { root });
    leaves += summary.pages;
    if (summary.pages !== step.qemu.leaves) differences.push(`${about}: ${summary.pages} leaves, of which QEMU lists ${step.qemu.leaves}`);
    const found = new PageLines();
    for (const { start, pages: length } of step.processes.find(({ role }) => role === "parent")?.regions ?? []) {
      const range = { from: start, to: start + PAGE * BigInt(length) };
      for (const mapping of await mappings(dump, { root, range })) found.addMapping(mapping);
    }
    const told = new PageLines();
    for (const run of step.qemu.runs) told.addRun(run);
    pages += told.lines.size;
    for (const line of found.lines) if (!told.lines.has(line)) differences.push(`${about}: ${line}, which QEMU does not list`);
    for (const line of told.lines) if (!found.lines.has(line)) differences.push(`${about}: QEMU lists ${line}`);
    for (const bit of ["global", "accessed", "dirty"] as const) {
      if (found[bit] !== told[bit]) differences.push(`${about}: ${found[bit]} pages ${bit} instead of ${told[bit]}`);
    }
    dump.close();
  }
  return { differences: differences.slice(0, DIFFERENCES_KEPT), leaves, pages };
}

/** Pages of 4 KiB in words, and how many leaves have a bit set. */
class PageLines {
  readonly lines = new Set<string>();
  global = 0;
  accessed = 0;
  dirty = 0;

  addMapping({ va, length, pa, pageSize, access, details }: Mapping): void {
    const words = `${pageSize > Number(PAGE) ? "large" : "small"} ${access.write ? "w" : "-"}${access.execute ? "x" : "-"}${access.user ? "u" : "-"}`;
    this.#add(va, Number(length / PAGE), pa, words);
    this.global += details.global;
    this.accessed += details.accessed;
    this.dirty += details.dirty;
  }

  addRun({ va, pages, pa, flags }: Step["qemu"]["runs"][number]): void {
    const has = (letter: string): boolean => flags.includes(letter);
    const words = `${has("P") ? "large" : "small"} ${has("W") ? "w" : "-"}${has("X") ? "-" : "x"}${has("U") ? "u" : "-"}`;
    this.#add(va, pages, pa, words);
    const leaves = has("P") ? pages / LARGE_PAGES : pages;
    this.global += has("G") ? leaves : 0;
    this.accessed += has("A") ? leaves : 0;
    this.dirty += has("D") ? leaves : 0;
  }

  #add(va: bigint, pages: number, pa: bigint, words: string): void {
    for (let i = 0n; i < pages; i++) {
      this.lines.add(`0x${(va + i * PAGE).toString(16)} to 0x${(pa + i * PAGE).toString(16)} ${words}`);
    }
  }
}

type Rows = readonly (Mapping | Change)[];

/** Lists of many thousand rows are compared as text. */
function noteDifference(differences: string[], about: string, found: Rows, expected: Rows): void {
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    const [is, should] = [textOf(found[i]), textOf(expected[i])];
    if (is === should) continue;
    differences.push(`${about}, row ${i}: ${is} instead of ${should}`);
    return;
  }
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

function readerOf(dump: Dump): ReadTable {
  const tables = new Map<number, BigUint64Array | undefined>();
  return (gfn) => {
    if (!tables.has(gfn)) {
      const frame = new BigUint64Array(512);
      tables.set(gfn, dump.readFrame(gfn, new Uint8Array(frame.buffer)) ? frame : undefined);
    }
    return tables.get(gfn);
  };
}
