/**
 * Keeps callers out of a monitor while a call is under way, and once it is disposed: a driver's callback runs in the
 * middle of a call, when nothing in the core is as it should be. It may read the counts alone; they are those from
 * before the call.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import { PageTableError } from "../model/errors.js";

/** Places of the counts. */
export const TABLES = 0;
export const ENTRIES = 1;
export const ADDRESSES = 2;
export const BACKED = 3;

const TABLES_AT = (layout.CONTROL + layout.CONTROL_TABLES) >>> 2;
const ENTRIES_AT = (layout.CONTROL + layout.CONTROL_ENTRIES) >>> 2;
const ADDRESSES_AT = (layout.CONTROL + layout.CONTROL_ADDRESSES) >>> 2;
const BACKED_AT = (layout.CONTROL + layout.CONTROL_BACKED) >>> 2;
const PLACES = [TABLES_AT, ENTRIES_AT, ADDRESSES_AT, BACKED_AT] as const;

export class CallGuard {
  readonly #u32: Uint32Array;
  readonly #countsBefore = new Uint32Array(PLACES.length);
  #isBusy = false;
  #isDisposed = false;

  constructor(core: Core) {
    this.#u32 = core.u32;
  }

  /** Begins a call in which a driver may call back. Throws as `refuseEntry`. */
  enter(): void {
    this.refuseEntry();
    // One by one: a loop would be a tenth of the shortest calls.
    const u32 = this.#u32;
    const before = this.#countsBefore;
    before[TABLES] = u32[TABLES_AT];
    before[ENTRIES] = u32[ENTRIES_AT];
    before[ADDRESSES] = u32[ADDRESSES_AT];
    before[BACKED] = u32[BACKED_AT];
    this.#isBusy = true;
  }

  leave(): void {
    this.#isBusy = false;
  }

  /** Throws `reentrant-call` while a call is under way, `disposed` after `close`. */
  refuseEntry(): void {
    if (this.#isBusy) throw new PageTableError("reentrant-call", "the monitor was called from inside a driver's callback");
    if (this.#isDisposed) throw new PageTableError("disposed", "the monitor has been disposed");
  }

  /** No call is let in any more. */
  close(): void {
    this.#isDisposed = true;
  }

  count(place: number): number {
    return this.#isBusy ? this.#countsBefore[place] : this.#u32[PLACES[place]];
  }
}
