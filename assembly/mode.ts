/**
 * What a walk must know of an entry format. One small file a mode (modes/); nothing else knows a format.
 *
 * A mode is stateless: kernels are generic over it and call `changetype<M>(0)`, which the compiler specialises and
 * inlines to bare masks and shifts. Levels count up from 1, the level of the smallest pages.
 */
@unmanaged
export abstract class PagingMode {
  /** Level of the table that a root points to. */
  abstract levels(): u32;
  /** Place in a table of that level of the entry that translates `va`. */
  abstract indexAt(va: u64, level: u32): u32;
  /** log2 of the bytes that one entry of that level covers. */
  abstract shiftAt(level: u32): u32;
  /** The bit without which an entry says nothing, counted from the lowest. */
  abstract presentBit(): u32;
  /** KIND_… of an entry, `reserved` being the address bits past what the processor has. */
  abstract kindOf(entry: u64, level: u32, reserved: u64): u32;
  /** GFN of the table that an entry of KIND_TABLE leads to. */
  abstract tableFrame(entry: u64): u64;
  /** PA of the page that an entry of KIND_LEAF maps. */
  abstract leafBase(entry: u64, level: u32): u64;
  /** ACCESS_… that a present entry grants. */
  abstract accessOf(entry: u64, level: u32): u32;
  /** Global, accessed and dirty of a leaf, at bits 0, DETAIL_BITS and 2 * DETAIL_BITS: such words can be summed. */
  abstract detailsOf(entry: u64, level: u32): u64;
}

/** Sums of details over one table stay below 2^10. */
export const DETAIL_BITS: u64 = 21;
