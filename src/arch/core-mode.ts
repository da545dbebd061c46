/**
 * What the WASM core must be told of a paging mode; the one seam between an `Architecture` and the core.
 *
 * An `Architecture` is made for people and carries only what they read. The numbers that the core runs on stand beside it
 * in a weak map, so that a user's own object of the same shape is known for what it is: no mode of the core's.
 */

import type { Architecture } from "../model/architecture.js";
import { PageTableError } from "../model/errors.js";

export interface CoreMode {
  /** The core's number for the entry format and its depth. */
  readonly modeId: number;
  readonly levels: number;
  readonly virtualAddressBits: number;
  /** The bits of a root that are address, whatever MAXPHYADDR is; all others are cleared first. */
  readonly rootMask: bigint;
  /** Address bits past MAXPHYADDR: reserved in every present entry. */
  readonly reservedMask: bigint;
  /** Cleared before an entry is looked at. */
  readonly clearMask: bigint;
  /** log2 of the bytes that an entry of a level covers. */
  readonly shiftAt: (level: number) => number;
  /** Index = level; [0] is unused. */
  readonly entryNames: readonly string[];
  /**
   * GFN of the table that an entry above the last level leads to; undefined where it leads to none. The entry comes as
   * its lower and its upper 32 bits, for a bigint an entry would be slow. All that TypeScript knows of the format of an
   * entry beside `describeEntry`.
   */
  readonly tableBehind: (low: number, high: number) => number | undefined;
}

const coreModes = new WeakMap<Architecture, CoreMode>();

/** Ties `mode` to `arch` and answers `arch`. For the makers of architectures in this folder. */
export function withCoreMode(arch: Architecture, mode: CoreMode): Architecture {
  coreModes.set(arch, mode);
  return arch;
}

/** The core's view of `arch`. Throws PageTableError `unknown-architecture` for an object that this package did not make. */
export function coreModeOf(arch: Architecture): CoreMode {
  const mode = coreModes.get(arch);
  if (mode === undefined) {
    throw new PageTableError("unknown-architecture", "this architecture was not made by this package: use amd64(), say");
  }
  return mode;
}
