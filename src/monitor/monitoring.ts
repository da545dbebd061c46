/**
 * Taking addresses in and giving them back: rule 1, all or none.
 *
 * Of a window of addresses: into the tries first, then a round a level that reads the tables they need; those whose
 * path ends at a table that cannot be read change tries; last the backed ones are counted. Taking back is giving back
 * what was taken in.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import type { GuestMemory } from "../model/memory.js";
import { arranged, isAscending, pageOrder, rearranged } from "./ordering.js";
import type { Protection } from "./protection.js";
import type { Space, Spaces } from "./spaces.js";
import type { Standing } from "./standing.js";
import { sweepAfterFailure, sweepAfterSuccess } from "./sweep.js";

interface MonitoringParts {
  readonly core: Core;
  readonly spaces: Spaces;
  readonly standing: Standing;
  readonly protection: Protection;
  readonly startAnew: () => void;
}

export class Monitoring {
  readonly #core: Core;
  readonly #spaces: Spaces;
  readonly #standing: Standing;
  readonly #protection: Protection;
  /** Forgets all that is monitored; where nothing is protected. */
  readonly #startAnew: () => void;

  constructor({ core, spaces, standing, protection, startAnew }: MonitoringParts) {
    this.#core = core;
    this.#spaces = spaces;
    this.#standing = standing;
    this.#protection = protection;
    this.#startAnew = startAnew;
  }

  /** Takes in the first address of the core's batch; leaves its committed path in PATH. */
  take(memory: GuestMemory, space: Space, tagIndex: number): void {
    const { batchTags, exports } = this.#core;
    batchTags[0] = tagIndex;
    try {
      this.#standing.takeIn(memory, space.record, 1);
    } catch (error) {
      this.#abandon();
      if (this.#taken) exports.giveBack(space.record, layout.GIVE_BACK_ONE);
      this.#endFailure(space);
      throw error;
    }
    const suspects = exports.settleOne(space.record);
    if (suspects !== 0 || this.#protection.isAtWork) sweepAfterSuccess(this.#core, this.#protection);
  }

  /** Takes in many, with a tag index for each or one for all, and answers their PAs as committed. */
  takeMany(memory: GuestMemory, space: Space, vas: BigUint64Array, tagIndexes: Uint32Array | number): BigUint64Array {
    const order = isAscending(this.#core, vas) ? undefined : pageOrder(vas);
    if (!order) return this.#takeInOrder(memory, space, vas, tagIndexes);
    const tags = typeof tagIndexes === "number" ? tagIndexes : order.map((place) => tagIndexes[place]);
    return rearranged(this.#takeInOrder(memory, space, arranged(vas, order), tags), order);
  }

  /** A window at a time, so that what a window has brought into the cache is still there when its PAs are answered. */
  #takeInOrder(memory: GuestMemory, space: Space, vas: BigUint64Array, tagIndexes: Uint32Array | number): BigUint64Array {
    const { exports, batchTags, batchOut } = this.#core;
    const before = { all: this.#core.control(layout.CONTROL_ADDRESSES), ofSpace: this.#addressesOf(space) };
    const pas = new BigUint64Array(vas.length);
    let settled = 0;
    try {
      if (typeof tagIndexes === "number") batchTags.fill(tagIndexes);
      this.#forEachWindow(vas, vas.length, (from, count) => {
        if (typeof tagIndexes !== "number") batchTags.set(tagIndexes.subarray(from, from + count));
        this.#standing.takeIn(memory, space.record, count);
        exports.settleTaken(space.record, count);
        pas.set(batchOut.subarray(0, count), from);
        settled += count;
      });
    } catch (error) {
      this.#abandon();
      // What is taken back is what has been taken in: where there was nothing before, that is all there is.
      if (before.all === 0 && !this.#protection.capability && !this.#protection.isAtWork) this.#startAnew();
      else {
        if (before.ofSpace === 0) exports.emptySpace(space.record);
        else this.#giveBackFirst(space, vas, settled + this.#taken);
        this.#endFailure(space);
      }
      throw error;
    }
    sweepAfterSuccess(this.#core, this.#protection);
    return pas;
  }

  /** Gives back one reference of the first address of the core's batch, or all of them. True: nothing is monitored any more. */
  giveBack(space: Space | undefined, references: "one" | "all"): boolean {
    const left = space ? this.#core.exports.giveBack(space.record, references === "all" ? layout.GIVE_BACK_ALL : layout.GIVE_BACK_ONE) : 0;
    if (left === 0 && !this.#protection.isAtWork) return false;
    if (space && left & layout.LEFT_EMPTY_SPACE) this.#spaces.remove(space);
    sweepAfterSuccess(this.#core, this.#protection);
    return (left & layout.LEFT_NOTHING) !== 0;
  }

  /** True where nothing is monitored and most of the memory lies in freed blocks: the time to start anew. */
  get wantsReset(): boolean {
    if (this.#core.control(layout.CONTROL_ADDRESSES) > 0) return false;
    const used = this.#core.control(layout.CONTROL_ARENA_CURSOR) - layout.ARENA;
    return used > this.#core.control(layout.CONTROL_END) / 2;
  }

  /** Gives up all addresses of some spaces. */
  empty(spaces: readonly Space[]): void {
    for (const space of spaces) {
      this.#core.exports.emptySpace(space.record);
      this.#spaces.remove(space);
    }
    sweepAfterSuccess(this.#core, this.#protection);
  }

  /** How many of the last window have been taken in. */
  get #taken(): number {
    return this.#core.control(layout.CONTROL_TAKEN);
  }

  #giveBackFirst(space: Space, vas: BigUint64Array, length: number): void {
    this.#forEachWindow(vas, length, (_, count) => this.#core.exports.giveBackMany(space.record, count));
  }

  #abandon(): void {
    const { exports } = this.#core;
    exports.abandonTouched();
    exports.abandonReads();
    exports.releaseScratch();
    exports.endProcessing();
  }

  #endFailure(space: Space): void {
    sweepAfterFailure(this.#core, this.#protection);
    this.#dropIfEmpty(space);
  }

  #addressesOf(space: Space): number {
    return this.#core.u32[(space.record + layout.SPACE_ADDRESSES) >>> 2];
  }

  #dropIfEmpty(space: Space): void {
    if (this.#addressesOf(space) === 0) this.#spaces.remove(space);
  }

  #forEachWindow(vas: BigUint64Array, length: number, visit: (from: number, count: number) => void): void {
    for (let from = 0; from < length; from += layout.BATCH_LENGTH) {
      visit(from, this.#core.fillBatch(vas, from, length));
    }
  }
}
