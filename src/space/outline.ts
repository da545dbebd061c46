/**
 * How much there is to be walked, before it is: known from the upper tables alone, which are one in hundreds of all.
 *
 * It serves an estimate of how long a listing still takes. Two things are told, since a walk reads a table once and may
 * pass it often: how many tables there are, and how many are passed on the way to a VA, each as often as it is met.
 */

import { clearedRootIn, rootGfnIn } from "../arch/cleared-root.js";
import { type CoreMode, coreModeOf } from "../arch/core-mode.js";
import { checkedAnswer } from "../core/frame-reader.js";
import * as layout from "../core/layout.js";
import { checkMemory } from "../core/memory-checks.js";
import { FRAME_SIZE } from "../model/address.js";
import type { GuestMemory } from "../model/memory.js";
import { Turns } from "../model/turns.js";
import { checkOptionsOfRoots, type LinearRange, linearRange, linearVa, modeOf } from "./options.js";
import type { SharedOptions } from "./shared-changes.js";

export interface SpaceOutline {
  /** Distinct tables of all roots. Those of the last level are not looked at: some may not be in the dump. */
  readonly tables: number;
  /** Tables that a listing of `root` passes from the start of the range to `va`, or to its end, each as often as it comes by. */
  passed(root: bigint, va?: bigint): number;
}

export type OutlineOptions = Omit<SharedOptions, "onUnreadable" | "maximumFrames">;

const NONE = -1;
const FRAMES_A_READ = 256;

/** A table as far as a range covers it: half-open, from its first byte. */
interface Covered {
  readonly gfn: number;
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * The outline of address spaces: `roots` in the dump `memory`. Errors as of `mappings`.
 *
 * @example
 * const { tables } = await outline(dump, { roots: [root] });
 */
export async function outline(memory: GuestMemory, options: OutlineOptions): Promise<SpaceOutline> {
  checkMemory(memory);
  checkOptionsOfRoots(options);
  const mode = coreModeOf(modeOf(memory, options.arch));
  const range = linearRange(mode, options.range);
  const upper = new UpperTables(memory, mode, new Turns(options.signal));
  const roots = options.roots.map((root) => rootGfnIn(mode, clearedRootIn(mode, root)));
  const tables = await countTables(upper, mode, roots, range);
  return {
    tables,
    passed(root, va) {
      const gfn = rootGfnIn(mode, clearedRootIn(mode, root));
      const at = va === undefined ? range.to : linearVa(mode, va);
      return Math.max(0, upper.passedBefore(gfn, mode.levels, at) - upper.passedBefore(gfn, mode.levels, range.from));
    },
  };
}

/** Level by level; a table that the range covers whole is gone into once a level. */
async function countTables(upper: UpperTables, mode: CoreMode, roots: readonly number[], range: LinearRange): Promise<number> {
  const distinct = new Set<number>();
  let front: readonly Covered[] = [...new Set(roots)].map((gfn) => ({ gfn, ...range }));
  for (let level = mode.levels; level > 1; level--) {
    const read = await upper.read(level, [...new Set(front.map(({ gfn }) => gfn))]);
    for (const gfn of read) distinct.add(gfn);
    const whole = new Set<number>();
    const parts: Covered[] = [];
    for (const table of front) upper.addChildren(table, level, whole, parts);
    const end = spanAt(mode, level);
    front = [...parts, ...Array.from(whole, (gfn) => ({ gfn, from: 0n, to: end }))];
  }
  for (const { gfn } of front) distinct.add(gfn);
  return distinct.size;
}

/** Bytes of VAs that an entry of a level covers. */
function spanAt({ shiftAt }: CoreMode, level: number): bigint {
  return 1n << BigInt(shiftAt(level));
}

/** The tables above the last level: to which tables each of their entries leads. */
class UpperTables {
  readonly #memory: GuestMemory;
  readonly #mode: CoreMode;
  readonly #turns: Turns;
  /** By level and GFN: GFNs by entry; NONE where it leads to no table. */
  readonly #children: readonly Map<number, Float64Array>[];
  /** By level and GFN: tables that are passed in one of it and below. */
  readonly #weights: readonly Map<number, number>[];

  constructor(memory: GuestMemory, mode: CoreMode, turns: Turns) {
    this.#memory = memory;
    this.#mode = mode;
    this.#turns = turns;
    this.#children = Array.from({ length: mode.levels + 1 }, () => new Map());
    this.#weights = Array.from({ length: mode.levels + 1 }, () => new Map());
  }

  /** Reads tables of a level; answers those that are there. */
  async read(level: number, gfns: readonly number[]): Promise<readonly number[]> {
    const there: number[] = [];
    const words = new Uint32Array((FRAMES_A_READ * FRAME_SIZE) / 4);
    for (let from = 0; from < gfns.length; from += FRAMES_A_READ) {
      const batch = gfns.slice(from, from + FRAMES_A_READ);
      const flags = this.#readFrames(batch, new Uint8Array(words.buffer));
      for (const [place, gfn] of batch.entries()) {
        if (flags[place] !== 1) continue;
        this.#children[level].set(gfn, this.#childrenIn(words, place * (FRAME_SIZE / 4)));
        there.push(gfn);
      }
      await this.#turns.give();
    }
    return there;
  }

  #readFrames(gfns: readonly number[], target: Uint8Array): ArrayLike<number> {
    const bytes = target.subarray(0, gfns.length * FRAME_SIZE);
    if (this.#memory.readFrames) return checkedAnswer(this.#memory.readFrames(gfns, bytes), gfns.length);
    return gfns.map((gfn, i) => (this.#memory.readFrame(gfn, bytes.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE)) ? 1 : 0));
  }

  #childrenIn(words: Uint32Array, first: number): Float64Array {
    const children = new Float64Array(layout.ENTRIES);
    for (let i = 0; i < layout.ENTRIES; i++) {
      children[i] = this.#mode.tableBehind(words[first + 2 * i], words[first + 2 * i + 1]) ?? NONE;
    }
    return children;
  }

  /** Adds the tables that a covered part of one leads to: to `whole` by GFN, to `parts` those at the ends of the range. */
  addChildren({ gfn, from, to }: Covered, level: number, whole: Set<number>, parts: Covered[]): void {
    const children = this.#children[level].get(gfn);
    if (!children) return;
    const span = spanAt(this.#mode, level);
    const last = Number((to + span - 1n) / span);
    for (let i = Number(from / span); i < last; i++) {
      if (children[i] === NONE) continue;
      const start = BigInt(i) * span;
      const part = { gfn: children[i], from: from > start ? from - start : 0n, to: to < start + span ? to - start : span };
      if (part.from === 0n && part.to === span) whole.add(part.gfn);
      else parts.push(part);
    }
  }

  /** Tables passed below a table, and it, before its byte `at`. */
  passedBefore(gfn: number, level: number, at: bigint): number {
    if (at === 0n) return 0;
    if (level === 1) return Number(at) / Number(spanAt(this.#mode, 2));
    const children = this.#children[level].get(gfn);
    if (!children) return 1;
    const span = spanAt(this.#mode, level);
    const index = Number(at / span);
    let passed = 1;
    for (let i = 0; i < index; i++) if (children[i] !== NONE) passed += this.#weight(children[i], level - 1);
    if (index < layout.ENTRIES && children[index] !== NONE) passed += this.passedBefore(children[index], level - 1, at % span);
    return passed;
  }

  #weight(gfn: number, level: number): number {
    const children = this.#children[level].get(gfn);
    if (!children) return 1;
    const known = this.#weights[level].get(gfn);
    if (known !== undefined) return known;
    const weight = children.reduce((sum, child) => (child === NONE ? sum : sum + this.#weight(child, level - 1)), 1);
    this.#weights[level].set(gfn, weight);
    return weight;
  }
}
