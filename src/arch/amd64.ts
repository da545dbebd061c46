/**
 * AMD64 paging with four levels and with five, for people: what the bits of an entry say (SDM 3A 4.5.4, tables 4-14 to 4-20).
 *
 * An entry is read as the processor reads it: first the encryption bits are cleared, then P decides whether anything else
 * counts, then the reserved bits decide whether the walk ends here with a page fault. The core has the same rules in its own
 * code (the mode's file there); the tests hold both against the tables of the manual.
 *
 *     63  62:59 58:52   51:M     M-1:12    11:9   8  7      6  5  4    3    2    1    0
 *     XD  ign.  ign.    reserved table     ign.   .  0      .  A  PCD  PWT  U/S  R/W  P   PML5E, PML4E
 *     XD  ign.  ign.    reserved table     ign.   .  PS=0   .  A  PCD  PWT  U/S  R/W  P   PDPTE, PDE to a table
 *     XD  PK    ign.    reserved page*     ign.   G  PS=1   D  A  PCD  PWT  U/S  R/W  P   PDPTE (1G), PDE (2M)
 *     XD  PK    ign.    reserved page      ign.   G  PAT    D  A  PCD  PWT  U/S  R/W  P   PTE
 *
 *     * bit 12 is PAT; 29:13 (1G) or 20:13 (2M) are reserved. M is MAXPHYADDR.
 */

import { checkAddress } from "../model/address.js";
import type { Architecture, EntryDescription, EntryFlag } from "../model/architecture.js";
import { PageTableError } from "../model/errors.js";
import { hex } from "../model/hex.js";
import { withCoreMode } from "./core-mode.js";

export interface Amd64Options {
  /** 4 where not given; 5 where CR4.LA57 is set. */
  readonly levels?: 4 | 5;
  /** MAXPHYADDR, 32 to 52; 52 where not given. Higher address bits are reserved. */
  readonly physicalAddressBits?: number;
  /** SME/SEV: the C-bit, within bits 12 to 51. Cleared before an entry is looked at. */
  readonly encryptionMask?: bigint;
}

const MODE_4_LEVEL = 1;
const MODE_5_LEVEL = 2;

const ENTRY_NAMES = ["", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"] as const;
const TABLE_WORDS = ["", "page", "page table", "page directory", "page-directory-pointer table", "PML4 table"] as const;

const LEVEL_PT = 1;
const LEVEL_PDPT = 3;
const PAGE_SHIFT = 12;
const LEVEL_BITS = 9;
/** Frames that bit 32 of a PA stands for. */
const HIGH_HALF_FRAMES = 2 ** (32 - PAGE_SHIFT);
const LARGEST_PHYSICAL_ADDRESS_BITS = 52;
const SMALLEST_PHYSICAL_ADDRESS_BITS = 32;

const P = 1n << 0n;
const PS = 1n << 7n;
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n;

/**
 * The paging modes of AMD64. Throws PageTableError `invalid-architecture` where an option is out of its range.
 *
 * @example
 * amd64({ levels: 5 }).name; // "amd64-la57"
 */
export function amd64(options: Amd64Options = {}): Architecture {
  const { levels = 4, physicalAddressBits = LARGEST_PHYSICAL_ADDRESS_BITS, encryptionMask = 0n } = options;
  checkOptions(levels, physicalAddressBits, encryptionMask);
  const reservedMask = bitRange(LARGEST_PHYSICAL_ADDRESS_BITS - 1, physicalAddressBits);
  const virtualAddressBits = PAGE_SHIFT + levels * LEVEL_BITS;
  const arch: Architecture = {
    name: levels === 4 ? "amd64" : "amd64-la57",
    levels,
    virtualAddressBits,
    describeEntry(level, value) {
      if (!Number.isInteger(level) || level < LEVEL_PT || level > levels) {
        throw new PageTableError("invalid-level", `level must be an integer from 1 to ${levels}, not ${String(level)}`, {
          level: String(level),
        });
      }
      checkAddress(value, "the value of an entry");
      return describe({ level, raw: value, value: value & ~encryptionMask, physicalAddressBits, encryptionMask });
    },
  };
  return withCoreMode(Object.freeze(arch), {
    modeId: levels === 4 ? MODE_4_LEVEL : MODE_5_LEVEL,
    levels,
    virtualAddressBits,
    rootMask: ADDRESS_MASK,
    reservedMask,
    clearMask: encryptionMask,
    shiftAt,
    entryNames: ENTRY_NAMES.slice(0, levels + 1),
    tableBehind: tableBehindBy(reservedMask, encryptionMask),
  });
}

/** PS ends a path at every level above the last: in a page, or in a fault. */
function tableBehindBy(reservedMask: bigint, encryptionMask: bigint): (low: number, high: number) => number | undefined {
  const [keptLow, keptHigh] = halvesOf(ADDRESS_MASK & ~encryptionMask);
  const [, reservedHigh] = halvesOf(reservedMask & ~encryptionMask);
  const [present, pageSize] = [Number(P), Number(PS)];
  return (low, high) => {
    if ((low & present) === 0 || (low & pageSize) !== 0 || (high & reservedHigh) !== 0) return undefined;
    return (high & keptHigh) * HIGH_HALF_FRAMES + ((low & keptLow) >>> PAGE_SHIFT);
  };
}

function halvesOf(mask: bigint): readonly [low: number, high: number] {
  return [Number(BigInt.asIntN(32, mask)), Number(BigInt.asIntN(32, mask >> 32n))];
}

function checkOptions(levels: unknown, physicalAddressBits: unknown, encryptionMask: unknown): void {
  if (levels !== 4 && levels !== 5) {
    throw new PageTableError("invalid-architecture", `levels must be 4 or 5, not ${String(levels)}`, { levels: String(levels) });
  }
  if (
    typeof physicalAddressBits !== "number" ||
    !Number.isInteger(physicalAddressBits) ||
    physicalAddressBits < SMALLEST_PHYSICAL_ADDRESS_BITS ||
    physicalAddressBits > LARGEST_PHYSICAL_ADDRESS_BITS
  ) {
    throw new PageTableError(
      "invalid-architecture",
      `physicalAddressBits must be an integer from ${SMALLEST_PHYSICAL_ADDRESS_BITS} to ${LARGEST_PHYSICAL_ADDRESS_BITS}, not ${String(physicalAddressBits)}`,
      { physicalAddressBits: String(physicalAddressBits) },
    );
  }
  if (typeof encryptionMask !== "bigint") {
    throw new PageTableError("invalid-architecture", `encryptionMask must be a bigint, not ${typeof encryptionMask}`, {
      encryptionMask: String(encryptionMask),
    });
  }
  if ((encryptionMask & ~ADDRESS_MASK) !== 0n) {
    throw new PageTableError("invalid-architecture", `encryptionMask ${encryptionMask} must lie within bits 12 to 51`, { encryptionMask });
  }
}

interface Entry {
  readonly level: number;
  /** As it lies in memory. */
  readonly raw: bigint;
  /** Encryption bits cleared. */
  readonly value: bigint;
  readonly physicalAddressBits: number;
  readonly encryptionMask: bigint;
}

function describe(entry: Entry): EntryDescription {
  const name = ENTRY_NAMES[entry.level] as string;
  const { level, value } = entry;
  if ((value & P) === 0n) {
    return { name, kind: "not-present", flags: notPresentFlags(value) };
  }
  const reserved = reservedBits(entry);
  const isLeaf = level === LEVEL_PT || (level <= LEVEL_PDPT && (value & PS) !== 0n);
  const flags = isLeaf ? leafFlags(entry) : tableFlags(entry);
  if ((value & reserved) !== 0n) {
    return { name, kind: "malformed", flags };
  }
  const baseShift = isLeaf ? shiftAt(level) : PAGE_SHIFT;
  const target = value & ADDRESS_MASK & bitRange(LARGEST_PHYSICAL_ADDRESS_BITS - 1, baseShift);
  return { name, kind: isLeaf ? "leaf" : "table", target, flags };
}

/** All bits that must be 0 in this present entry. */
function reservedBits({ level, value, physicalAddressBits }: Entry): bigint {
  const beyond = bitRange(LARGEST_PHYSICAL_ADDRESS_BITS - 1, physicalAddressBits);
  if (level > LEVEL_PDPT) {
    return beyond | PS;
  }
  if (level === LEVEL_PT || (value & PS) === 0n) {
    return beyond;
  }
  return beyond | bitRange(shiftAt(level) - 1, PAGE_SHIFT + 1);
}

/** log2 of the bytes that an entry of `level` covers, of those that are mapped by one page: 12, 21, 30. */
function shiftAt(level: number): number {
  return PAGE_SHIFT + (level - 1) * LEVEL_BITS;
}

function notPresentFlags(value: bigint): EntryFlag[] {
  return [flag(value, "P", 0, 0, ["not present", ""]), ignored(value, 63, 1)];
}

function tableFlags(entry: Entry): EntryFlag[] {
  const { level, value } = entry;
  return [
    ...accessFlags(value),
    ignored(value, 6, 6),
    level > LEVEL_PDPT
      ? flag(value, "PS", 7, 7, ["reserved, 0 as it must be", "reserved: must be 0"])
      : flag(value, "PS", 7, 7, [`refers to a ${TABLE_WORDS[level - 1]}`, ""]),
    ignored(value, 11, 8),
    ...reservedFlags(entry, LARGEST_PHYSICAL_ADDRESS_BITS - 1, entry.physicalAddressBits),
    ...encryptionFlags(entry),
    ignored(value, 62, 52),
    executeDisable(value),
  ];
}

function leafFlags(entry: Entry): EntryFlag[] {
  const { level, value } = entry;
  const isPte = level === LEVEL_PT;
  const patBit = isPte ? 7 : PAGE_SHIFT;
  const patIndex = (field(value, patBit, patBit) << 2n) | field(value, 4, 3);
  const pat = flag(value, "PAT", patBit, patBit, [
    `memory type: entry ${patIndex} of IA32_PAT`,
    `memory type: entry ${patIndex} of IA32_PAT`,
  ]);
  const pageSize = level === LEVEL_PDPT ? "1G" : "2M";
  return [
    ...accessFlags(value),
    flag(value, "D", 6, 6, ["not written to", "written to"]),
    ...(isPte ? [pat] : [flag(value, "PS", 7, 7, ["", `maps a ${pageSize} page`])]),
    flag(value, "G", 8, 8, ["not global", "global: may outlive a change of CR3"]),
    ignored(value, 11, 9),
    ...(isPte ? [] : [pat, ...reservedFlags(entry, shiftAt(level) - 1, PAGE_SHIFT + 1)]),
    ...reservedFlags(entry, LARGEST_PHYSICAL_ADDRESS_BITS - 1, entry.physicalAddressBits),
    ...encryptionFlags(entry),
    ignored(value, 58, 52),
    flag(value, "PK", 62, 59, [], `protection key ${field(value, 62, 59)}, where protection keys are on`),
    executeDisable(value),
  ];
}

function accessFlags(value: bigint): EntryFlag[] {
  return [
    flag(value, "P", 0, 0, ["", "present"]),
    flag(value, "R/W", 1, 1, ["writes not allowed", "writes allowed"]),
    flag(value, "U/S", 2, 2, ["user-mode accesses not allowed", "user-mode accesses allowed"]),
    flag(value, "PWT", 3, 3, ["page-level write-through off", "page-level write-through"]),
    flag(value, "PCD", 4, 4, ["page-level cache not disabled", "page-level cache disabled"]),
    flag(value, "A", 5, 5, ["not accessed", "accessed"]),
  ];
}

function executeDisable(value: bigint): EntryFlag {
  return flag(value, "XD", 63, 63, ["instruction fetches allowed", "instruction fetches not allowed"]);
}

function ignored(value: bigint, high: number, low: number): EntryFlag {
  return flag(value, "ignored", high, low, [], "left to software");
}

/** Nothing where `high` is below `low`: no such bits in this mode. */
function reservedFlags({ value }: Entry, high: number, low: number): EntryFlag[] {
  if (high < low) {
    return [];
  }
  return [flag(value, "reserved", high, low, [], field(value, high, low) === 0n ? "reserved, 0 as it must be" : "reserved: must be 0")];
}

function encryptionFlags({ raw, encryptionMask }: Entry): EntryFlag[] {
  const found: EntryFlag[] = [];
  for (let bit = PAGE_SHIFT; bit < LARGEST_PHYSICAL_ADDRESS_BITS; bit++) {
    if (field(encryptionMask, bit, bit) !== 0n) {
      found.push(flag(raw, "C", bit, bit, ["not encrypted", "encrypted"]));
    }
  }
  return found;
}

/** One field of `value`; a field of one bit takes the meaning of its value, a wider one has `meaning` said for it. */
function flag(value: bigint, name: string, high: number, low: number, meanings: readonly string[], meaning?: string): EntryFlag {
  const bits = high === low ? `${high}` : `${high}:${low}`;
  const fieldValue = field(value, high, low);
  return { name, bits, value: fieldValue, meaning: meaning ?? meanings[Number(fieldValue)] ?? hex(fieldValue) };
}

function field(value: bigint, high: number, low: number): bigint {
  return (value & bitRange(high, low)) >> BigInt(low);
}

/** Bits `high` to `low`, both included; 0 where `high` is below `low`. */
function bitRange(high: number, low: number): bigint {
  return high < low ? 0n : ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
}
