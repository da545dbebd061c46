/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A memory dump, opened: guest memory that never changes, and what its headers say of the machine.
 */

import type { Architecture } from "./architecture.js";
import type { GuestMemory } from "./memory.js";

/** A source to read from at any offset. `read` fills as much of `target` as there is and answers the number of bytes. */
export interface RandomAccess {
  readonly size: number;
  read(offset: number, target: Uint8Array): number;
}

/** A stretch of frames that the dump holds. */
export interface FrameRun {
  readonly gfn: number;
  readonly count: number;
}

export interface Vcpu {
  /** CR3 with all but its address bits cleared. */
  readonly root?: bigint;
  readonly arch?: Architecture;
}

/** Something the headers promise that the file does not hold, or contradict. */
export interface Damage {
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

export interface Dump extends GuestMemory {
  /** "elf", "raw", … */
  readonly format: string;
  /** Frames it holds, ascending. */
  readonly runs: readonly FrameRun[];
  /** From its CPU notes. */
  readonly vcpus: readonly Vcpu[];
  readonly damage: readonly Damage[];
  readonly immutable: true;
  /** Afterwards `readFrame` throws `dump-closed`. */
  close(): void;
  [Symbol.dispose](): void;
}
