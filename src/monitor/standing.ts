/**
 * Rounds, a level each: where touched nodes stand, which tables that needs, protect them, read them, go on below.
 *
 * Whatever the driver throws leaves through here; the caller then takes back what the call has done.
 */

import { type Core, memoryExhausted } from "../core/core.js";
import type { FrameReader } from "../core/frame-reader.js";
import * as layout from "../core/layout.js";
import type { GuestMemory } from "../model/memory.js";
import type { Protection } from "./protection.js";

export interface StandingOptions {
  readonly memory: GuestMemory;
  /** What moves is noted, for undoing, and nodes below one that moved stand anew: processing, not monitoring. */
  readonly processing: boolean;
}

type Failures = readonly (readonly [place: number, error: unknown])[];
const NO_FAILURES: Failures = [];
/** What `standLevel` answers in place of a number of tables. */
const NO_MEMORY = 0xffff_ffff;

export class Standing {
  readonly #core: Core;
  readonly #reader: FrameReader;
  readonly #protection: Protection;
  readonly #maximumFrames: number | undefined;

  constructor(core: Core, reader: FrameReader, protection: Protection, maximumFrames: number | undefined) {
    this.#core = core;
    this.#reader = reader;
    this.#protection = protection;
    this.#maximumFrames = maximumFrames;
  }

  /** Stands all touched nodes, from the top level down. Throws what the driver throws, and `memory-exhausted`. */
  run({ memory, processing }: StandingOptions): void {
    const { exports, mode } = this.#core;
    const flag = processing ? 1 : 0;
    for (let level = mode.levels; level > 0; level--) {
      if (this.#core.control(layout.CONTROL_TOUCHED + 4 * level) === 0) continue;
      const count = exports.standLevel(level, flag) >>> 0;
      if (count === NO_MEMORY) throw memoryExhausted(undefined);
      this.#readNamed(memory, count);
      this.refuse(exports.settleLevel(level, flag));
      this.#checkBound();
    }
  }

  /** Throws `memory-exhausted` for a status of the core that is not OK. */
  refuse(status: number): void {
    if (status !== layout.OK) throw memoryExhausted(undefined);
  }

  /** Reads the tables that are named, `first` of them, and those that are named next. */
  #readNamed(memory: GuestMemory, first: number): void {
    const { exports, u32 } = this.#core;
    for (let count = first; count > 0; ) {
      let failures = NO_FAILURES;
      for (let place = 0; place < count; place++) {
        const table = u32[(layout.READS >>> 2) + 2 * place];
        const flags = u32[(table + layout.TABLE_FLAGS) >>> 2];
        if (!(flags & layout.TABLE_FLAG_UNREAD) || flags & layout.TABLE_FLAG_PROTECTED) continue;
        const failure = this.#protection.protect(table);
        if (failure) failures = [...failures, [place, failure.error]];
      }
      this.#reader.read(memory, count);
      // A table that can be neither protected nor read is unreadable, and why it could not be protected is nobody's concern.
      for (const [place, error] of failures) if (this.#reader.wasRead(place)) throw error;
      count = exports.absorb(count);
    }
  }

  /** Counts the tables that will be kept: those that have been read and that a node stands on. */
  #checkBound(): void {
    const { u32 } = this.#core;
    if (this.#maximumFrames === undefined || this.#core.control(layout.CONTROL_TABLES) <= this.#maximumFrames) return;
    let kept = 0;
    for (let table = this.#core.control(layout.CONTROL_FIRST_TABLE); table; table = u32[(table + layout.TABLE_NEXT) >>> 2]) {
      const isRead = !(u32[(table + layout.TABLE_FLAGS) >>> 2] & layout.TABLE_FLAG_UNREAD);
      if (isRead && u32[(table + layout.TABLE_FIRST_NODE) >>> 2]) kept++;
    }
    if (kept > this.#maximumFrames) throw memoryExhausted(this.#maximumFrames);
  }
}
