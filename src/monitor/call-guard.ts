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
const FIELDS = [layout.CONTROL_TABLES, layout.CONTROL_ENTRIES, layout.CONTROL_ADDRESSES, layout.CONTROL_BACKED] as const;

export class CallGuard {
  readonly #u32: Uint32Array;
  readonly #countsBefore = new Uint32Array(FIELDS.length);
  #isBusy = false;
  #isDisposed = false;

  constructor(core: Core) {
    this.#u32 = core.u32;
  }

  /** Begins a call in which a driver may call back. Throws as `refuseEntry`. */
  enter(): void {
    this.refuseEntry();
    for (let place = 0; place < FIELDS.length; place++) this.#countsBefore[place] = this.#current(place);
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

  get isClosed(): boolean {
    return this.#isDisposed;
  }

  count(place: number): number {
    return this.#isBusy ? this.#countsBefore[place] : this.#current(place);
  }

  #current(place: number): number {
    return this.#u32[(layout.CONTROL + FIELDS[place]) >>> 2];
  }
}
