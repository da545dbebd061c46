/**
 * A walked path out of the core, as a Translation.
 *
 * Making a bigint costs more than all else here, and paths that follow each other share their upper entries: those of the
 * path before are kept, by level, and used again where the words behind them are the same.
 */

import { FAULTS, type Translation, type TranslationEntry } from "../model/translation.js";
import type { Core } from "./core.js";
import * as layout from "./layout.js";

const ENTRY_BYTES = 16;
const MOST_LEVELS = 5;
const ENTRIES_AT = layout.PATH + layout.PATH_ENTRIES;

export class PathReader {
  readonly #core: Core;
  /** Of the path before, top first: the four words of each entry (PA, value), and the bigints made of them. */
  readonly #words = new Uint32Array(4 * MOST_LEVELS);
  readonly #pas: bigint[] = new Array(MOST_LEVELS).fill(0n);
  readonly #values: bigint[] = new Array(MOST_LEVELS).fill(0n);

  constructor(core: Core) {
    this.#core = core;
  }

  /** What the core has left in PATH, for a VA and a root already cleared of what is no address bit. */
  translation(va: bigint, root: bigint): Translation {
    const { u32, u64 } = this.#core;
    const level = u32[(layout.PATH + layout.PATH_LEVEL) >>> 2];
    return {
      va,
      root,
      pa: level ? u64[(layout.PATH + layout.PATH_PA) >>> 3] : undefined,
      pageSize: level ? pageSizeAt(level) : undefined,
      entries: this.#entries(u32[(layout.PATH + layout.PATH_COUNT) >>> 2]),
      fault: FAULTS[u32[(layout.PATH + layout.PATH_FAULT) >>> 2]],
    };
  }

  /** Literals: an array whose length is not known beforehand costs as much as all that is in it. */
  #entries(count: number): TranslationEntry[] {
    switch (count) {
      case 4:
        return [this.#upper(0), this.#upper(1), this.#upper(2), this.#last(3)];
      case 5:
        return [this.#upper(0), this.#upper(1), this.#upper(2), this.#upper(3), this.#last(4)];
      default:
        return Array.from({ length: count }, (_, i) => this.#last(i));
    }
  }

  /** The `i`-th entry from the top, its bigints those of the path before where they are the same. */
  #upper(i: number): TranslationEntry {
    const words = this.#words;
    const { u32, u64, mode } = this.#core;
    const at = (ENTRIES_AT + i * ENTRY_BYTES) >>> 2;
    const kept = 4 * i;
    if (words[kept] !== u32[at] || words[kept + 1] !== u32[at + 1]) {
      words[kept] = u32[at];
      words[kept + 1] = u32[at + 1];
      this.#pas[i] = u64[at >>> 1];
    }
    if (words[kept + 2] !== u32[at + 2] || words[kept + 3] !== u32[at + 3]) {
      words[kept + 2] = u32[at + 2];
      words[kept + 3] = u32[at + 3];
      this.#values[i] = u64[(at >>> 1) + 1];
    }
    const level = mode.levels - i;
    return { level, name: mode.entryNames[level], pa: this.#pas[i], value: this.#values[i] };
  }

  /** As `#upper`, without reuse: the last entry hardly ever equals the one before, so comparing would cost more than it saves. */
  #last(i: number): TranslationEntry {
    const { u64, mode } = this.#core;
    const at = (ENTRIES_AT + i * ENTRY_BYTES) >>> 3;
    const level = mode.levels - i;
    return { level, name: mode.entryNames[level], pa: u64[at], value: u64[at + 1] };
  }
}

const PAGE_SIZES = [0, 1, 2, 3, 4, 5].map((level) => 2 ** (layout.PAGE_BITS + layout.SLOT_BITS * (level - 1)));

/** Bytes of a page whose leaf is an entry of that level. */
export function pageSizeAt(level: number): number {
  return PAGE_SIZES[level];
}
