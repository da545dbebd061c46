/**
 * The growing instance that was given back last, for who needs one next: a fresh memory takes longer to be made, and to be touched for the
 * first time, than a small address space to be walked, and the engine's collector counts each as if all of it were in use.
 */

import type { CoreInstance } from "./instance.js";

/** What a memory begins with that grows: the fixed areas, and 12 MiB for all else. One that has grown is let go of. */
export const FIRST_BYTES = 2 ** 24;

let spare: CoreInstance | undefined;

/** Nobody may use it, or a view of its memory, from now on. */
export function giveSpare(instance: CoreInstance): void {
  if (instance.memory.buffer.byteLength === FIRST_BYTES) spare = instance;
}

/** It is to be initialized, whatever its memory holds. */
export function takeSpare(module: WebAssembly.Module): CoreInstance | undefined {
  if (spare?.module !== module) return undefined;
  const taken = spare;
  spare = undefined;
  return taken;
}
