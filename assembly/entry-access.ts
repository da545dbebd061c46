/**
 * What a listing must know of an entry format beyond a walk: the access that an entry grants, and a leaf's details.
 *
 * Stateless, as a PagingMode is, and specialised in the same way. A path grants what all of its entries grant.
 */
@unmanaged
export abstract class EntryAccess {
  /** Bit set: read 1, write 2, execute 4, user 8. */
  abstract accessOf(entry: u64, level: u32): u32;
  /** Global, accessed and dirty of a leaf, at bits 0, DETAIL_BITS and 2 * DETAIL_BITS: such words can be summed. */
  abstract detailsOf(entry: u64, level: u32): u64;
}

export const DETAIL_BITS: u64 = 21; // sums over one table stay below 2^10
export const ALL_ACCESS: u32 = 15;

const READ: u32 = 1;
const WRITE_SHIFT: u64 = 0; // R/W is bit 1: write is 2
const USER_SHIFT: u64 = 1; // U/S is bit 2: user is 8
const WRITE: u32 = 2;
const EXECUTE: u32 = 4;
const USER: u32 = 8;
const XD_BIT: u64 = 63;
const G_BIT: u64 = 8;
const A_BIT: u64 = 5;
const D_BIT: u64 = 6;

/** AMD64 (SDM 3A 4.6.1): R/W and U/S must be set, XD clear, in every entry of the path. */
@final
@unmanaged
export class Amd64Access extends EntryAccess {
  accessOf(entry: u64, _level: u32): u32 {
    return READ | (<u32>(entry >> WRITE_SHIFT) & WRITE) | (<u32>(entry << USER_SHIFT) & USER) | (<u32>((entry >> XD_BIT) ^ 1) * EXECUTE);
  }

  detailsOf(entry: u64, _level: u32): u64 {
    return ((entry >> G_BIT) & 1) | (((entry >> A_BIT) & 1) << DETAIL_BITS) | (((entry >> D_BIT) & 1) << (2 * DETAIL_BITS));
  }
}
