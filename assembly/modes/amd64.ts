/**
 * AMD64 with 4 and 5 levels: entries of 8 bytes, 512 a table (SDM 3A 4.5, tables 4-15 to 4-20).
 */

import { KIND_LEAF, KIND_MALFORMED, KIND_NOT_PRESENT, KIND_TABLE } from "../layout";
import { PagingMode } from "../mode";

const P: u64 = 1 << 0;
const PS: u64 = 1 << 7;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const INDEX_BITS: u32 = 9;
const PAGE_BITS: u32 = 12;
const PDPTE: u32 = 3;
const PAT_LARGE: u64 = 1 << 12;

@unmanaged
abstract class Amd64Entries extends PagingMode {
  indexAt(va: u64, level: u32): u32 {
    return <u32>(va >> (PAGE_BITS + INDEX_BITS * (level - 1))) & 511;
  }

  shiftAt(level: u32): u32 {
    return PAGE_BITS + INDEX_BITS * (level - 1);
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
