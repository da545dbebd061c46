/**
 * The naive walk of AMD64 page tables, 4 and 5 levels, on BigInts: one entry after the other, as the manual tells it.
 *
 * It shares no code with the library. Where entries come from is the caller's matter: memory, or values kept earlier.
 * SDM 3A 4.5.2 to 4.5.4 (translation, reserved bits), 4.5.5 (5 levels); AMD APM 2 7.10 (encryption bit).
 */

import type { Fault, TranslationEntry } from "../../src/model/translation.js";

export interface WalkMode {
  readonly levels: 4 | 5;
  /** MAXPHYADDR. */
  readonly physicalAddressBits: number;
  /** Cleared from every entry before it is looked at. */
  readonly encryptionMask: bigint;
}

export interface WalkResult {
  /** Top first. */
  readonly entries: readonly TranslationEntry[];
  readonly pa: bigint | undefined;
  readonly pageSize: number | undefined;
  readonly fault: Fault | undefined;
}

const PRESENT = 1n;
const PAGE_SIZE_BIT = 1n << 7n;
const LARGE_PAT_BIT = 1n << 12n;
const ADDRESS_BITS = 0x000f_ffff_ffff_f000n;
const LEVEL_NAMES = ["PTE", "PDE", "PDPTE", "PML4E", "PML5E"] as const;
const LARGEST_LEAF_LEVEL = 3;

/** A root as it names an address space: bits 12 to 51, whatever MAXPHYADDR is. */
export function clearRoot(root: bigint): bigint {
  return root & ADDRESS_BITS;
}

/** Bits 63 to the VA's highest are all equal. */
export function isCanonicalFor(levels: 4 | 5, va: bigint): boolean {
  const high = va >> BigInt(12 + 9 * levels - 1);
  const ones = (1n << BigInt(64 - (12 + 9 * levels - 1))) - 1n;
  return high === 0n || high === ones;
}

/** Walks `va` from the cleared `root`. `readEntry` answers undefined where the entry's table cannot be read. */
export function walk(mode: WalkMode, root: bigint, va: bigint, readEntry: (entryPa: bigint) => bigint | undefined): WalkResult {
  const entries: TranslationEntry[] = [];
  let table = root;
  for (let level = mode.levels as number; level >= 1; level--) {
    const index = (va >> BigInt(12 + 9 * (level - 1))) & 0x1ffn;
    const entryPa = table + index * 8n;
    const raw = readEntry(entryPa);
    if (raw === undefined) {
      return ended(entries, "unreadable-table");
    }
    entries.push({ level, name: LEVEL_NAMES[level - 1] as string, pa: entryPa, value: raw });
    const value = raw & ~mode.encryptionMask;
    if ((value & PRESENT) === 0n) {
      return ended(entries, "not-present");
    }
    if (hasReservedBit(mode, level, value)) {
      return ended(entries, "reserved-bit");
    }
    if (isLeaf(level, value)) {
      return leaf(entries, level, value, va);
    }
    table = value & ADDRESS_BITS;
  }
  throw new Error("a PTE that is present is a leaf");
}

function isLeaf(level: number, value: bigint): boolean {
  return level === 1 || (level <= LARGEST_LEAF_LEVEL && (value & PAGE_SIZE_BIT) !== 0n);
}

/** Bits of the page that an entry of `level` maps: 12, 21 or 30. */
function pageBits(level: number): bigint {
  return BigInt(12 + 9 * (level - 1));
}

/** The entry is present. */
function hasReservedBit(mode: WalkMode, level: number, value: bigint): boolean {
  const pastMaximum = ADDRESS_BITS & ~((1n << BigInt(mode.physicalAddressBits)) - 1n);
  if ((value & pastMaximum) !== 0n) {
    return true;
  }
  if (level > LARGEST_LEAF_LEVEL) {
    return (value & PAGE_SIZE_BIT) !== 0n;
  }
  if (level > 1 && isLeaf(level, value)) {
    const belowBase = ADDRESS_BITS & ((1n << pageBits(level)) - 1n) & ~LARGE_PAT_BIT;
    return (value & belowBase) !== 0n;
  }
  return false;
}

function leaf(entries: readonly TranslationEntry[], level: number, value: bigint, va: bigint): WalkResult {
  const offsetMask = (1n << pageBits(level)) - 1n;
  const base = value & ADDRESS_BITS & ~offsetMask;
  return { entries, pa: base | (va & offsetMask), pageSize: Number(offsetMask + 1n), fault: undefined };
}

function ended(entries: readonly TranslationEntry[], fault: Fault): WalkResult {
  return { entries, pa: undefined, pageSize: undefined, fault };
}
