/**
 * Where tables come from: guest physical memory, and the optional means to write-protect it.
 */

import type { View } from "./address.js";

/** Bit set: R 1, W 2, X 4. */
export type MemoryAccess = number;

/** Guest physical memory: a dump, a hypervisor driver, a test double. All calls are synchronous. */
export interface GuestMemory {
  /**
   * Copies frame `gfn` (4096 bytes) into `target`; false: the frame is not there (a hole in the dump), `target` is
   * scratch. Throws only for what may pass, an I/O failure, say. `target` may lie in shared memory and must not be kept.
   */
  readFrame(gfn: number, target: Uint8Array): boolean;
  /** For speed: copies `gfns[i]` to `target.subarray(i * 4096)`; one byte a frame comes back, 1 = copied. */
  readFrames?(gfns: ArrayLike<number>, target: Uint8Array): Uint8Array;
  /** True where the contents never change (a dump): tables may then be kept between calls. */
  readonly immutable?: boolean;
}

/** Optional capability of a live driver. One monitor per driver and view. */
export interface MemoryProtection {
  memoryAccess(gfn: number, view: View): MemoryAccess;
  /** Throws ViewNotFoundError where the view is gone. */
  setMemoryAccess(gfn: number, view: View, access: MemoryAccess): void;
}
