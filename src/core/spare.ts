/**
 * Keeps the last growing instance that was given back. Making and first touching a memory takes longer than walking a small
 * address space, and the engine's collector counts every such memory as fully used.
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
