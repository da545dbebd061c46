/**
 * Which address space, and which part of it; checked before anything is read.
 */

import { type CoreMode, coreModeOf } from "../arch/core-mode.js";
import { architectureOf, notedMode } from "../core/memory-checks.js";
import { ADDRESS_LIMIT, checkAddress } from "../model/address.js";
import type { Architecture } from "../model/architecture.js";
import { AddressError, PageTableError } from "../model/errors.js";
import { hex } from "../model/hex.js";
import type { GuestMemory } from "../model/memory.js";
import type { AbortSignalLike } from "../model/platform.js";

/** A table that the dump does not hold. */
export interface UnreadableTable {
  readonly gfn: number;
  readonly level: number;
  /** First VA below it, on the way by which it was met first. */
  readonly va: bigint;
  /** PA of the entry that leads to it; undefined for the root. */
  readonly entryPa: bigint | undefined;
  /** Which of two states lacks it; where there is but one, "after". */
  readonly in: "before" | "after";
}

/** Half-open, bytes; `to` may be 2^64. What it cuts is cut at exactly that byte. */
export interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
}

export interface SpaceOptions {
  readonly root: bigint;
  /** That of the first vCPU that the dump's notes give a mode for, else `amd64()`, where not given. */
  readonly arch?: Architecture;
  /** The whole space where not given. */
  readonly range?: AddressRange;
  /** Aborted, the call rejects and the listing throws the signal's reason. */
  readonly signal?: AbortSignalLike;
  /**
   * Bound on the tables kept, for all iterations of a listing that are under way together; beyond it the listing throws
   * `memory-exhausted`.
   */
  readonly maximumFrames?: number;
  /** Told once of each table that the dump does not hold. */
  readonly onUnreadable?: (table: UnreadableTable) => void;
}

/** Throws PageTableError `invalid-options` for what could not be asked for. */
export function checkOptions(options: object): void {
  if (typeof options !== "object" || options === null) {
    throw new PageTableError("invalid-options", "options must be an object that names the root, or roots");
  }
  const { onUnreadable } = options as Partial<SpaceOptions>;
  if (onUnreadable !== undefined && typeof onUnreadable !== "function") {
    throw new PageTableError("invalid-options", `onUnreadable must be a function, not ${typeof onUnreadable}`);
  }
}

/** The same for who is to be told the roots of several spaces. */
export function checkOptionsOfRoots(options: { readonly roots: readonly bigint[] }): void {
  checkOptions(options);
  if (!Array.isArray(options.roots)) throw new PageTableError("invalid-options", "roots must be an array of bigint");
}

/** A range as the core counts: VAs without the copies of their highest bit, so that the two halves lie side by side. */
export interface LinearRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Throws AddressError for a bound that is no address, PageTableError `invalid-range` where the range ends before it begins. */
export function linearRange(mode: CoreMode, range: AddressRange | undefined): LinearRange {
  if (range === undefined) return { from: 0n, to: 1n << BigInt(mode.virtualAddressBits) };
  if (typeof range !== "object" || range === null) throw new PageTableError("invalid-range", "a range is { from, to }, both bigint");
  const { from, to } = range;
  checkAddress(from, "range.from");
  if (to !== ADDRESS_LIMIT) checkAddress(to, "range.to");
  if (to < from) {
    throw new AddressError("invalid-range", `the range ends at ${hex(to)}, before it begins at ${hex(from)}`, { from, to });
  }
  return { from: linearVa(mode, from), to: linearVa(mode, to) };
}

/** Addresses that are not canonical all lie between the two halves. */
export function linearVa(mode: CoreMode, va: bigint): bigint {
  const size = 1n << BigInt(mode.virtualAddressBits);
  const half = size >> 1n;
  if (va <= half) return va;
  const fromTop = ADDRESS_LIMIT - va;
  return fromTop < half ? size - fromTop : half;
}

/** Inverse of `linearVa`; the end of the space becomes 2^64. */
export function signedVa({ virtualAddressBits }: Pick<CoreMode, "virtualAddressBits">, linear: bigint): bigint {
  const size = 1n << BigInt(virtualAddressBits);
  return linear < size >> 1n ? linear : linear + ADDRESS_LIMIT - size;
}

/** The mode to read `memory` by. */
export function modeOf(memory: GuestMemory, given: Architecture | undefined): Architecture {
  const arch = given ?? architectureOf(memory);
  coreModeOf(arch);
  return arch;
}

/** The one mode of two states. Throws `mode-mismatch` where their notes name two. */
export function commonModeOf(before: GuestMemory, after: GuestMemory, given: Architecture | undefined): Architecture {
  const [one, other] = [notedMode(before), notedMode(after)];
  if (one && other && one.name !== other.name) {
    const message = `the first dump is of mode ${one.name}, the second of mode ${other.name}: their tables cannot be compared`;
    throw new PageTableError("mode-mismatch", message, { before: one.name, after: other.name });
  }
  return modeOf(one ? before : after, given);
}
