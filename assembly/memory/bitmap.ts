/**
 * Bitmaps of 512 bits, one an entry of a table: 8 words of 64 bits, bit i in word i >> 6.
 */
import { BITMAP_BYTES } from "../layout";

export function hasBit(bitmap: usize, bit: u32): bool {
  return <bool>((load<u64>(bitmap + ((<usize>bit >> 6) << 3)) >> (bit & 63)) & 1);
}

export function setBit(bitmap: usize, bit: u32): void {
  const word = bitmap + ((<usize>bit >> 6) << 3);
  store<u64>(word, load<u64>(word) | ((<u64>1) << (bit & 63)));
}

export function clearBit(bitmap: usize, bit: u32): void {
  const word = bitmap + ((<usize>bit >> 6) << 3);
  store<u64>(word, load<u64>(word) & ~((<u64>1) << (bit & 63)));
}

/** Number of bits set below `bit`. */
export function rankOf(bitmap: usize, bit: u32): u32 {
  const last = bitmap + ((<usize>bit >> 6) << 3);
  let rank = popcnt<u64>(load<u64>(last) & (((<u64>1) << (bit & 63)) - 1));
  for (let word = bitmap; word < last; word += 8) rank += popcnt<u64>(load<u64>(word));
  return <u32>rank;
}

export function isEmptyBitmap(bitmap: usize): bool {
  return !(
    load<u64>(bitmap) |
    load<u64>(bitmap, 8) |
    load<u64>(bitmap, 16) |
    load<u64>(bitmap, 24) |
    load<u64>(bitmap, 32) |
    load<u64>(bitmap, 40) |
    load<u64>(bitmap, 48) |
    load<u64>(bitmap, 56)
  );
}

export function countBits(bitmap: usize): u32 {
  let count: u64 = 0;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) count += popcnt<u64>(load<u64>(bitmap + word));
  return <u32>count;
}

/** First bit set at `from` or above; 512 where there is none. */
export function nextBit(bitmap: usize, from: u32): u32 {
  if (from >= 512) return 512;
  let at = from & ~63;
  let word = load<u64>(bitmap + ((<usize>from >> 6) << 3)) & (~(<u64>0) << (from & 63));
  while (!word) {
    at += 64;
    if (at >= 512) return 512;
    word = load<u64>(bitmap + (at >> 3));
  }
  return at + <u32>ctz<u64>(word);
}
