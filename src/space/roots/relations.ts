/**
 * What candidates have to do with each other: who shares the kernel's half, who makes a pair, who is a copy of whom.
 */

import * as layout from "../../core/layout.js";
import type { Turns } from "../../model/turns.js";
import type { RootFacts } from "./scan.js";

const HALF = layout.ENTRIES / 2;
/** More than there are: a PA has 52 bits. */
const FRAMES = 2 ** 40;
/** Between two looks at the clock. */
const CONTESTS_A_LOOK = 1024;
/**
 * So many slots are told apart; what further ones have in common is not noted. No machine has as many tables below its
 * top-level ones, but a dump that is made up may have, and a Map holds no more than some times as many.
 */
const MOST_SLOTS = 2 ** 22;

export interface Sharing {
  /** Slots of the upper half that are in use. */
  readonly used: number;
  /** Those of them that another candidate has too. */
  readonly shared: number;
  /** How many other candidates have the slot that most of them have. */
  readonly others: number;
}

/** How much of each candidate's upper half others have as well: one kernel, mapped in every address space. */
export async function sharedUpperHalves(all: readonly RootFacts[], turns: Turns): Promise<ReadonlyMap<number, Sharing>> {
  const counts = new Map<number, number>();
  for (const { targets } of all) {
    for (const key of keysOf(targets, HALF, layout.ENTRIES)) {
      const count = counts.get(key);
      if (count !== undefined || counts.size < MOST_SLOTS) counts.set(key, (count ?? 0) + 1);
    }
    await turns.give();
  }
  const sharing = new Map<number, Sharing>();
  for (const { gfn, targets } of all) {
    const others = keysOf(targets, HALF, layout.ENTRIES).map((key) => (counts.get(key) ?? 1) - 1);
    sharing.set(gfn, { used: others.length, shared: others.filter((count) => count > 0).length, others: Math.max(0, ...others) });
    await turns.give();
  }
  return sharing;
}

/** Slots of the lower half that user mode may use. */
export function userSlots({ targets }: RootFacts): number {
  let count = 0;
  for (let slot = 0; slot < HALF; slot++) if (targets[slot] > 0) count++;
  return count;
}

/** Tables that candidates have in their upper halves: the kernel's. */
export async function kernelTables(all: readonly RootFacts[], turns: Turns): Promise<ReadonlySet<number>> {
  const tables = new Set<number>();
  for (const { targets } of all) {
    for (let slot = HALF; slot < layout.ENTRIES && tables.size < MOST_SLOTS; slot++) {
      if (targets[slot] !== 0) tables.add(Math.abs(targets[slot]));
    }
    await turns.give();
  }
  return tables;
}

/**
 * Slots of the lower half that lead to tables of the kernel's, whatever they grant: what a CPU boots or wakes by maps
 * memory so.
 */
export function kernelLowerSlots({ targets }: RootFacts, tables: ReadonlySet<number>): number {
  let count = 0;
  for (let slot = 0; slot < HALF; slot++) if (targets[slot] > 0 && tables.has(targets[slot])) count++;
  return count;
}

/** Slots of the lower half that are in use for the kernel alone. */
export function privateLowerSlots({ targets }: RootFacts): number {
  let count = 0;
  for (let slot = 0; slot < HALF; slot++) if (targets[slot] < 0) count++;
  return count;
}

/**
 * Pairs of page-table isolation, kernel root to user root: two frames side by side, the first at an even one, with the
 * same lower half, the second with less of the upper half.
 */
export function isolationPairs(all: readonly RootFacts[]): ReadonlyMap<number, number> {
  const byGfn = new Map(all.map((facts) => [facts.gfn, facts]));
  const pairs = new Map<number, number>();
  for (const kernel of all) {
    const user = kernel.gfn % 2 === 0 ? byGfn.get(kernel.gfn + 1) : undefined;
    if (user && makePair(kernel.targets, user.targets)) pairs.set(kernel.gfn, user.gfn);
  }
  return pairs;
}

function makePair(kernel: Float64Array, user: Float64Array): boolean {
  let kernelSlots = 0;
  let userSlots = 0;
  for (let slot = 0; slot < layout.ENTRIES; slot++) {
    if (slot < HALF && Math.abs(kernel[slot]) !== Math.abs(user[slot])) return false;
    if (slot < HALF) continue;
    if (kernel[slot] !== 0) kernelSlots++;
    if (user[slot] !== 0) userSlots++;
    if (user[slot] !== 0 && kernel[slot] === 0) return false;
  }
  return userSlots > 0 && userSlots < kernelSlots;
}

/** Who leads to the same tables of a lower half, table by table: live address spaces do not share them. */
export async function contests(all: readonly RootFacts[], turns: Turns): Promise<readonly (readonly number[])[]> {
  const owners = new Map<number, number[]>();
  const contested: number[][] = [];
  for (const { gfn, targets } of all) {
    for (const key of keysOf(targets, 0, HALF)) {
      const others = owners.get(key);
      if (!others) {
        if (owners.size < MOST_SLOTS) owners.set(key, [gfn]);
      } else if (others.push(gfn) === 2) contested.push(others);
    }
    await turns.give();
  }
  return contested;
}

/** Those that others contest, their partners in isolation apart. */
export async function contestedFrames(
  all: readonly (readonly number[])[],
  partners: ReadonlyMap<number, number>,
  turns: Turns,
): Promise<ReadonlySet<number>> {
  const frames = new Set<number>();
  for (const [i, owners] of all.entries()) {
    if (owners.length !== 2 || partners.get(owners[0]) !== owners[1]) for (const gfn of owners) frames.add(gfn);
    if (i % CONTESTS_A_LOOK === 0) await turns.give();
  }
  return frames;
}

/**
 * For each frame in a contest, the one of lowest `rank` among those that share a table with it: itself included, its partner
 * under isolation left out.
 */
export async function bestOfContests(
  all: readonly (readonly number[])[],
  partners: ReadonlyMap<number, number>,
  rank: (gfn: number) => number,
  turns: Turns,
): Promise<ReadonlyMap<number, number>> {
  const best = new Map<number, number>();
  for (const [i, owners] of all.entries()) {
    if (i % CONTESTS_A_LOOK === 0) await turns.give();
    // The best two are enough: of any owner, one of them is not its partner.
    const [first, second] = owners.toSorted((a, b) => rank(a) - rank(b));
    for (const gfn of owners) {
      const other = partners.get(gfn) === first ? second : first;
      const before = best.get(gfn) ?? gfn;
      best.set(gfn, rank(other) < rank(before) ? other : before);
    }
  }
  return best;
}

/** Slots in use, by number: place and table. */
function keysOf(targets: Float64Array, from: number, to: number): number[] {
  const keys: number[] = [];
  for (let slot = from; slot < to; slot++) if (targets[slot] !== 0) keys.push(slot * FRAMES + Math.abs(targets[slot]));
  return keys;
}
