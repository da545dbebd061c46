/**
 * Which address spaces a dump holds: every frame that looks like a top-level table, and how much speaks for it.
 */

import { amd64 } from "../../arch/amd64.js";
import { clearedRootIn, rootGfnIn } from "../../arch/cleared-root.js";
import { type CoreMode, coreModeOf } from "../../arch/core-mode.js";
import { checkMemory, notedMode } from "../../core/memory-checks.js";
import { paOf } from "../../model/address.js";
import type { Architecture } from "../../model/architecture.js";
import type { Dump } from "../../model/dump.js";
import { PageTableError } from "../../model/errors.js";
import type { GuestMemory } from "../../model/memory.js";
import type { AbortSignalLike } from "../../model/platform.js";
import { Turns } from "../../model/turns.js";
import type { RootCandidate } from "./candidate.js";
import { kernelGfnBy, levelsBy, vmcoreinfoOf } from "./kernel-root.js";
import { rankCandidates } from "./ranking.js";
import { type RootFacts, RootScan } from "./scan.js";

export interface FindRootsOptions {
  /** Where not given: that of the vCPUs, else what VMCOREINFO says, else what fits the tables better. */
  readonly arch?: Architecture;
  /** Aborted, the call rejects with the signal's reason. */
  readonly signal?: AbortSignalLike;
  /** Told how many of the dump's frames have been looked at. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Less of a candidate's tables look like tables: it is none, unless something else speaks for it. */
const LEAST_PLAUSIBLE = 0.5;
/** The same where tables that are not in the dump speak against it. */
const LEAST_HELD = 0.1;
/** So good must a table be for its mode to be believed. */
const CONVINCING = 0.8;
const CONVINCING_HELD = 0.4;

/**
 * Every page of memory that looks like a top-level table, best first, and why. Copies, and tables that have been freed,
 * rank below those in use. A dump that is read without the frames below a table says nothing of it.
 *
 * @example
 * const [best] = await findRoots(dump);
 * console.log(best.root, best.reasons.join("; "));
 */
export async function findRoots(memory: GuestMemory & Pick<Dump, "runs">, options: FindRootsOptions = {}): Promise<RootCandidate[]> {
  const look = (scan: RootScan): Promise<readonly number[]> => scan.scan({ signal: options.signal, onProgress: options.onProgress });
  return findRootsBy(memory, options, { look, judge: async () => {} });
}

/** Who does what takes long. */
export interface RootSearch {
  /** Has every frame looked at, and answers the GFNs of those that could be top-level tables, ascending. */
  look(scan: RootScan): Promise<readonly number[]>;
  /** May have them judged by a mode, for the scan to know. */
  judge(gfns: readonly number[], arch: Architecture): Promise<void>;
}

/** As `findRoots`, with the help of others. */
export async function findRootsBy(
  memory: GuestMemory & Pick<Dump, "runs">,
  options: FindRootsOptions,
  search: RootSearch,
): Promise<RootCandidate[]> {
  checkMemory(memory);
  if (!Array.isArray(memory.runs)) throw new PageTableError("invalid-memory", "memory must say which frames it holds: runs");
  const vmcoreinfo = vmcoreinfoOf(memory);
  const told = toldMode(memory, options);
  const scan = await openRootScan(memory, options);
  const gfns = await search.look(scan);
  const turns = new Turns(options.signal);
  const arch = told ?? (await likelierMode(scan, gfns, search, turns));
  scan.settle(arch);
  const mode = coreModeOf(arch);
  const vcpuRoots = vcpuRootsOf(memory, mode);
  const vcpuGfns = vcpuRoots.map((root) => (root === undefined ? undefined : rootGfnIn(mode, root)));
  const facts = new Map<number, RootFacts>();
  for (const judged of await judgeAll(scan, gfns, arch, turns)) {
    if (isGood(judged, LEAST_PLAUSIBLE, LEAST_HELD)) facts.set(judged.gfn, judged);
  }
  const likely = [...facts.values()].sort((a, b) => (b.plausible ?? 0) - (a.plausible ?? 0)).map(({ gfn }) => paOf(gfn));
  const kernelGfn = kernelGfnBy(vmcoreinfo, memory, arch, [...vcpuRoots.filter((root) => root !== undefined), ...likely]);
  for (const gfn of [...vcpuGfns, kernelGfn]) {
    if (gfn !== undefined && !facts.has(gfn) && holds(memory, gfn)) facts.set(gfn, scan.judge(gfn, arch));
  }
  return rankCandidates({ scan, arch, vcpuGfns, kernelGfn, all: [...facts.values()] }, turns);
}

/** The look at the frames of a memory, before any has been looked at. */
export function openRootScan(memory: GuestMemory & Pick<Dump, "runs">, options: FindRootsOptions): Promise<RootScan> {
  return RootScan.create(memory, toldMode(memory, options) ?? amd64(), options.signal);
}

/** The modes by which what could be a top-level table is judged: by the second only where the first leaves doubts. */
export function modesToJudgeBy(memory: GuestMemory & Pick<Dump, "runs">, options: FindRootsOptions): readonly Architecture[] {
  const told = toldMode(memory, options);
  return told ? [told] : [amd64(), amd64({ levels: 5 })];
}

async function judgeAll(scan: RootScan, gfns: readonly number[], arch: Architecture, turns: Turns): Promise<RootFacts[]> {
  const judged: RootFacts[] = [];
  for (const gfn of gfns) {
    judged.push(scan.judge(gfn, arch));
    await turns.give();
  }
  return judged;
}

/** The mode that is given, or that the dump tells in one way or another. */
function toldMode(memory: GuestMemory, { arch }: FindRootsOptions): Architecture | undefined {
  const levels = levelsBy(vmcoreinfoOf(memory));
  return arch ?? notedMode(memory) ?? (levels === undefined ? undefined : amd64({ levels }));
}

/** By vCPU, undefined where the notes give none; a root that several are on stands there several times. */
function vcpuRootsOf(memory: GuestMemory, mode: CoreMode): readonly (bigint | undefined)[] {
  const { vcpus } = memory as Partial<Pick<Dump, "vcpus">>;
  return (vcpus ?? []).map(({ root }) => (root === undefined ? undefined : clearedRootIn(mode, root)));
}

function holds({ runs }: Pick<Dump, "runs">, frame: number): boolean {
  return runs.some(({ gfn, count }) => gfn <= frame && frame < gfn + count);
}

/**
 * A guest with five levels has PML4 tables too, one level down, and by themselves they look like good four-level roots.
 * So five levels are believed where good five-level roots lead to most of the good four-level ones. That some table
 * looks good as a PML5 is not enough: in a kernel that maps its own tables, lower ones do too. Where nothing leads to
 * the good four-level ones, five need not be tried.
 */
async function likelierMode(scan: RootScan, gfns: readonly number[], search: RootSearch, turns: Turns): Promise<Architecture> {
  const [four, five] = [amd64(), amd64({ levels: 5 })];
  const isConvincing = (facts: RootFacts): boolean => isGood(facts, CONVINCING, CONVINCING_HELD);
  const ofFour = await judgeAll(scan, gfns, four, turns);
  const good = ofFour.filter(isConvincing);
  const goodGfns = new Set(good.map(({ gfn }) => gfn));
  if (!(await someLeadTo(ofFour, goodGfns, turns))) return four;
  await search.judge(gfns, five);
  const tops = (await judgeAll(scan, gfns, five, turns)).filter(isConvincing);
  const known = new Set(tops.map(({ gfn }) => gfn));
  const below = new Set<number>();
  for (const { targets } of tops) {
    for (const target of targets) below.add(Math.abs(target));
    await turns.give();
  }
  let covered = 0;
  let uncovered = 0;
  for (const { gfn, tables } of good) {
    if (known.has(gfn)) continue;
    if (below.has(gfn)) covered += tables;
    else uncovered += tables;
  }
  return covered > uncovered ? five : four;
}

async function someLeadTo(all: readonly RootFacts[], gfns: ReadonlySet<number>, turns: Turns): Promise<boolean> {
  for (const { targets } of all) {
    if (targets.some((target) => gfns.has(Math.abs(target)))) return true;
    await turns.give();
  }
  return false;
}

function isGood({ plausible, plausibleHeld }: RootFacts, least: number, leastHeld: number): boolean {
  return (plausible ?? 0) >= least && (plausibleHeld ?? 0) >= leastHeld;
}
