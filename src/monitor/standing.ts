/**
 * The driver's part of the rounds (assembly/monitor/rounds.ts): the tables that the core names are protected and read.
 *
 * Whatever the driver throws leaves through here; the caller then takes back what the call has done.
 */

import { type Core, memoryExhausted } from "../core/core.js";
import type { FrameReader } from "../core/frame-reader.js";
import * as layout from "../core/layout.js";
import type { GuestMemory } from "../model/memory.js";
import type { Protection } from "./protection.js";

type Failures = readonly (readonly [place: number, error: unknown])[];
const NO_FAILURES: Failures = [];

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
    core.u32[(layout.CONTROL + layout.CONTROL_MOST_TABLES) >>> 2] = Math.min(maximumFrames ?? Number.POSITIVE_INFINITY, layout.NO_MEMORY);
  }

  /** Takes in a window of addresses and stands their nodes. Throws what the driver throws, and `memory-exhausted`. */
  takeIn(memory: GuestMemory, space: number, count: number): void {
    this.#finish(memory, this.#core.exports.takeIn(space, count) >>> 0, layout.ROUNDS_MONITORING);
  }

  /** Stands the nodes that processing has touched. Throws what the driver throws, and `memory-exhausted`. */
  restand(memory: GuestMemory): void {
    this.#finish(memory, this.#core.exports.beginRounds(layout.ROUNDS_PROCESSING) >>> 0, layout.ROUNDS_PROCESSING);
  }

  #finish(memory: GuestMemory, first: number, rounds: typeof layout.ROUNDS_MONITORING | typeof layout.ROUNDS_PROCESSING): void {
    for (let count = first; count !== 0; count = this.#core.exports.resumeRounds(count, rounds) >>> 0) {
      if (count >= layout.TOO_MANY) throw memoryExhausted(count === layout.TOO_MANY ? this.#maximumFrames : undefined);
      this.#readNamed(memory, count);
    }
  }

  /** Protects and reads the `count` tables that are named. */
  #readNamed(memory: GuestMemory, count: number): void {
    const failures = this.#protection.capability ? this.#protectNamed(count) : NO_FAILURES;
    this.#reader.read(memory, count);
    // A table that can be neither protected nor read is unreadable, and why it could not be protected is nobody's concern.
    for (const [place, error] of failures) if (this.#reader.wasRead(place)) throw error;
  }

  #protectNamed(count: number): Failures {
    const { u32 } = this.#core;
    let failures = NO_FAILURES;
    for (let place = 0; place < count; place++) {
      const table = u32[(layout.READS >>> 2) + place];
      const flags = u32[(table + layout.TABLE_FLAGS) >>> 2];
      if (!(flags & layout.TABLE_FLAG_UNREAD) || flags & layout.TABLE_FLAG_PROTECTED) continue;
      const failure = this.#protection.protect(table);
      if (failure) failures = [...failures, [place, failure.error]];
    }
    return failures;
  }
}
