/**
 * Old and new copy of a table -> the entries that differ, of those that a mask names.
 *
 * Most tables have not changed: 64 bytes at a time are compared as a whole, in SIMD where the engine has it, and only
 * where they differ entry by entry.
 */
import { FRAME_BYTES } from "../layout";

const STRIDE: usize = 64; // 8 entries: one byte of the mask

/** Writes the places of masked entries that differ to `out` (u16 each), ascending; answers their number. */
export function diffTable(before: usize, after: usize, mask: usize, out: usize): u32 {
  const first = out;
  for (let at: usize = 0; at < FRAME_BYTES; at += STRIDE) {
    let differing: u32;
    if (ASC_FEATURE_SIMD) {
      const x0 = v128.xor(v128.load(before + at), v128.load(after + at));
      const x1 = v128.xor(v128.load(before + at, 16), v128.load(after + at, 16));
      const x2 = v128.xor(v128.load(before + at, 32), v128.load(after + at, 32));
      const x3 = v128.xor(v128.load(before + at, 48), v128.load(after + at, 48));
      if (!v128.any_true(v128.or(v128.or(x0, x1), v128.or(x2, x3)))) continue;
      const zero = i64x2.splat(0);
      differing =
        <u32>i64x2.bitmask(i64x2.ne(x0, zero)) |
        ((<u32>i64x2.bitmask(i64x2.ne(x1, zero))) << 2) |
        ((<u32>i64x2.bitmask(i64x2.ne(x2, zero))) << 4) |
        ((<u32>i64x2.bitmask(i64x2.ne(x3, zero))) << 6);
    } else {
      differing = plainDifference(before + at, after + at);
      if (!differing) continue;
    }
    differing &= load<u8>(mask + (at >> 6));
    while (differing) {
      store<u16>(out, <u16>((at >> 3) + ctz<u32>(differing)));
      out += 2;
      differing &= differing - 1;
    }
  }
  return <u32>((out - first) >> 1);
}

function plainDifference(before: usize, after: usize): u32 {
  const x0 = load<u64>(before) ^ load<u64>(after);
  const x1 = load<u64>(before, 8) ^ load<u64>(after, 8);
  const x2 = load<u64>(before, 16) ^ load<u64>(after, 16);
  const x3 = load<u64>(before, 24) ^ load<u64>(after, 24);
  const x4 = load<u64>(before, 32) ^ load<u64>(after, 32);
  const x5 = load<u64>(before, 40) ^ load<u64>(after, 40);
  const x6 = load<u64>(before, 48) ^ load<u64>(after, 48);
  const x7 = load<u64>(before, 56) ^ load<u64>(after, 56);
  if (!(x0 | x1 | x2 | x3 | x4 | x5 | x6 | x7)) return 0;
  return (
    u32(x0 != 0) |
    (u32(x1 != 0) << 1) |
    (u32(x2 != 0) << 2) |
    (u32(x3 != 0) << 3) |
    (u32(x4 != 0) << 4) |
    (u32(x5 != 0) << 5) |
    (u32(x6 != 0) << 6) |
    (u32(x7 != 0) << 7)
  );
}
