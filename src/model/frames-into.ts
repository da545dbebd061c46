/**
 * Lets the package's own dumps copy frames straight into the core's memory, without allocating an array for each call.
 *
 * A driver has no such method: it is given copies, for what it does with them is not known. The name is a symbol, so
 * that nobody else's object has it.
 */

import type { GuestMemory } from "./memory.js";

export const readFramesInto: unique symbol = Symbol("readFramesInto");

export interface ReadsFramesInto {
  /**
   * The first `count` frames of `gfns`, integers from 0 on, to `target` one after the other; `held` has a byte for
   * each: 1 where the frame is there. Throws as `readFrames` does.
   */
  [readFramesInto](gfns: ArrayLike<number>, count: number, target: Uint8Array, held: Uint8Array): void;
}

/** Not where its reading has been replaced by somebody who wants to see what is read. */
export function canReadFramesInto(memory: GuestMemory): memory is GuestMemory & ReadsFramesInto {
  return readFramesInto in memory && !Object.hasOwn(memory, "readFrame") && !Object.hasOwn(memory, "readFrames");
}
