/**
 * Tags by number: the core's cells hold 32 bits, events name an index.
 *
 * A tag that no address has any more is forgotten when the table has grown to twice what is in use, never by itself: the
 * core is asked once for all, not at every address that goes.
 */

import type { Core } from "../core/core.js";
import type { Spaces } from "./spaces.js";

const LEAST_SWEEP = 1024;
const LEAST_BLOCK_LOG2 = 4;

export class Tags<Tag> {
  #tags: Tag[] = [];
  #indexes = new Map<Tag, number>();
  #free: number[] = [];
  #sweepAt = LEAST_SWEEP;
  #lastTag: Tag | undefined;
  #lastIndex = -1;
  readonly #core: Core;
  readonly #spaces: Spaces;

  constructor(core: Core, spaces: Spaces) {
    this.#core = core;
    this.#spaces = spaces;
  }

  /** All tags, by index; as events carry it. Never written over, only grown. */
  get all(): readonly Tag[] {
    return this.#tags;
  }

  indexOf(tag: Tag): number {
    if (this.#indexes.size >= this.#sweepAt) this.#sweep();
    return this.#enter(tag);
  }

  /** Number of each tag, or of the one for all. Nothing is swept between: the tags of this call are in no cell yet. */
  indexesOf(tags: Tag | readonly Tag[]): Uint32Array | number {
    if (!Array.isArray(tags)) return this.indexOf(tags as Tag);
    if (this.#indexes.size >= this.#sweepAt) this.#sweep();
    return Uint32Array.from(tags as readonly Tag[], (tag) => this.#enter(tag));
  }

  #enter(tag: Tag): number {
    if (this.#lastIndex >= 0 && tag === this.#lastTag) return this.#lastIndex;
    let index = this.#indexes.get(tag);
    if (index === undefined) {
      index = this.#free.pop() ?? this.#tags.length;
      this.#tags[index] = tag;
      this.#indexes.set(tag, index);
    }
    this.#lastTag = tag;
    this.#lastIndex = index;
    return index;
  }

  /** Forgets the tags that no address has. Arrays handed out before keep what they had. */
  #sweep(): void {
    const { exports, u8 } = this.#core;
    const log2 = Math.max(LEAST_BLOCK_LOG2, Math.ceil(Math.log2(this.#tags.length / 8 + 1)));
    const bits = exports.allocate(log2) >>> 0;
    if (bits === 0) return; // no room to look: nothing is forgotten
    u8.fill(0, bits, bits + 2 ** log2);
    for (const space of this.#spaces.ordered) exports.noteTags(space.record, bits);
    this.#tags = this.#tags.slice();
    this.#lastIndex = -1;
    this.#lastTag = undefined;
    for (const [tag, index] of this.#indexes) {
      if (u8[bits + (index >>> 3)] & (1 << (index & 7))) continue;
      this.#indexes.delete(tag);
      this.#free.push(index);
      this.#tags[index] = undefined as Tag;
    }
    exports.release(bits, log2);
    this.#sweepAt = Math.max(LEAST_SWEEP, 2 * this.#indexes.size);
  }

  clear(): void {
    this.#tags = [];
    this.#indexes = new Map();
    this.#free = [];
    this.#sweepAt = LEAST_SWEEP;
    this.#lastIndex = -1;
    this.#lastTag = undefined;
  }
}
