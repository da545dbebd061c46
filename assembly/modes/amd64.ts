/**
 * AMD64 with 4 and 5 levels: entries of 8 bytes, 512 a table (SDM 3A 4.5, tables 4-15 to 4-20).
 */

import { ACCESS_EXECUTE, ACCESS_READ, ACCESS_USER, ACCESS_WRITE, KIND_LEAF, KIND_MALFORMED, KIND_NOT_PRESENT, KIND_TABLE } from "../layout";
import { DETAIL_BITS, PagingMode } from "../mode";

const P_BIT: u32 = 0;
const P: u64 = 1 << P_BIT;
const PS: u64 = 1 << 7;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const INDEX_BITS: u32 = 9;
const PAGE_BITS: u32 = 12;
const PDPTE: u32 = 3;
const PAT_LARGE: u64 = 1 << 12;
const A_BIT: u64 = 5;
const D_BIT: u64 = 6;
const G_BIT: u64 = 8;
const XD_BIT: u64 = 63;

const WRITE_SHIFT: u64 = 0; // R/W is bit 1: ACCESS_WRITE is 2
const USER_SHIFT: u64 = 1; // U/S is bit 2: ACCESS_USER is 8

@unmanaged
abstract class Amd64Entries extends PagingMode {
  indexAt(va: u64, level: u32): u32 {
    return <u32>(va >> (PAGE_BITS + INDEX_BITS * (level - 1))) & 511;
  }

  shiftAt(level: u32): u32 {
    return PAGE_BITS + INDEX_BITS * (level - 1);
  }

  presentBit(): u32 {
    return P_BIT;
  }

  kindOf(entry: u64, level: u32, reserved: u64): u32 {
    if (!(entry & P)) return KIND_NOT_PRESENT;
    if (entry & reserved) return KIND_MALFORMED;
    if (level == 1) return KIND_LEAF; // bit 7 of a PTE is PAT
    if (!(entry & PS)) return KIND_TABLE;
    if (level > PDPTE) return KIND_MALFORMED; // PS is reserved in a PML4E and PML5E
    const belowBase: u64 = (((<u64>1) << (PAGE_BITS + INDEX_BITS * (level - 1))) - 1) & ADDRESS & ~PAT_LARGE;
    return entry & belowBase ? KIND_MALFORMED : KIND_LEAF;
  }

  tableFrame(entry: u64): u64 {
    return (entry & ADDRESS) >> PAGE_BITS;
  }

  leafBase(entry: u64, level: u32): u64 {
    return entry & ADDRESS & ~(((<u64>1) << (PAGE_BITS + INDEX_BITS * (level - 1))) - 1);
  }

  /** SDM 3A 4.6.1: R/W and U/S must be set, XD clear, in every entry of the path. */
  accessOf(entry: u64, _level: u32): u32 {
    const execute = <u32>((entry >> XD_BIT) ^ 1) * ACCESS_EXECUTE;
    return ACCESS_READ | (<u32>(entry >> WRITE_SHIFT) & ACCESS_WRITE) | (<u32>(entry << USER_SHIFT) & ACCESS_USER) | execute;
  }

  detailsOf(entry: u64, _level: u32): u64 {
    return ((entry >> G_BIT) & 1) | (((entry >> A_BIT) & 1) << DETAIL_BITS) | (((entry >> D_BIT) & 1) << (2 * DETAIL_BITS));
  }
}

@final
@unmanaged
export class Amd64 extends Amd64Entries {
  levels(): u32 {
    return 4;
  }
}

@final
@unmanaged
export class Amd64La57 extends Amd64Entries {
  levels(): u32 {
    return 5;
  }
}
