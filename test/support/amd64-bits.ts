/**
 * AMD64 page-table entries as the tests write them: the bits by the manual's names and where an entry of a VA lies.
 *
 * Written apart from the library, so that a wrong constant there is seen here. SDM 3A 4.5.4, tables 4-14 to 4-20.
 */

export const P = 1n << 0n;
export const RW = 1n << 1n;
export const US = 1n << 2n;
export const A = 1n << 5n;
export const D = 1n << 6n;
/** In a PDE or PDPTE: the entry maps a page. */
export const PS = 1n << 7n;
/** In a PTE bit 7 is PAT. */
export const PTE_PAT = 1n << 7n;
export const G = 1n << 8n;
/** In an entry that maps a large page bit 12 is PAT. */
export const LARGE_PAT = 1n << 12n;
export const NX = 1n << 63n;

export const PAGE_4K = 4096;
export const PAGE_2M = 2 * 1024 * 1024;
export const PAGE_1G = 1024 * 1024 * 1024;

/** What an ordinary kernel writes beside the address. */
export const TABLE_FLAGS = P | RW | US | A;
export const PAGE_FLAGS = P | RW | US | A | D;

const INDEX_BITS = 9n;
const OFFSET_BITS = 12n;
const ENTRY_BYTES = 8n;
export const ENTRIES = 512;

/** Index into the table of `level` (1 = PT) that the walk of `va` uses. */
export function indexOf(va: bigint, level: number): number {
  return Number((va >> (OFFSET_BITS + INDEX_BITS * BigInt(level - 1))) & (BigInt(ENTRIES) - 1n));
}

/** PA of entry `index` of the table in frame `gfn`. */
export function entryAt(gfn: number, index: number): bigint {
  return (BigInt(gfn) << OFFSET_BITS) + BigInt(index) * ENTRY_BYTES;
}

export function frameOf(pa: bigint): number {
  return Number(pa >> OFFSET_BITS);
}

export function paOf(gfn: number): bigint {
  return BigInt(gfn) << OFFSET_BITS;
}

/** The canonical VA with these indices, top first, and this byte offset. */
export function vaFrom(indices: readonly number[], offsetBytes = 0): bigint {
  let va = 0n;
  for (const index of indices) {
    va = (va << INDEX_BITS) | BigInt(index);
  }
  va = (va << OFFSET_BITS) | BigInt(offsetBytes);
  const bits = Number(OFFSET_BITS) + Number(INDEX_BITS) * indices.length;
  return BigInt.asUintN(64, BigInt.asIntN(bits, va));
}
