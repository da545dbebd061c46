/**
 * Scans of one table: what its 512 entries are, at a level.
 */
import { clearBitmap, setBit } from "./bitmap";
import { CONTROL, CONTROL_KEEP, CONTROL_RESERVED, ENTRIES, FRAME_BYTES, KIND_TABLE } from "./layout";
import { PagingMode } from "./mode";

/** True where all 4096 bytes are zero. */
export function isZeroFrame(frame: usize): bool {
  for (let at = frame; at < frame + FRAME_BYTES; at += 64) {
    if (ASC_FEATURE_SIMD) {
      const a = v128.or(v128.load(at), v128.load(at, 16));
      const b = v128.or(v128.load(at, 32), v128.load(at, 48));
      if (v128.any_true(v128.or(a, b))) return false;
    } else {
      const a = load<u64>(at) | load<u64>(at, 8) | load<u64>(at, 16) | load<u64>(at, 24);
      const b = load<u64>(at, 32) | load<u64>(at, 40) | load<u64>(at, 48) | load<u64>(at, 56);
      if (a | b) return false;
    }
  }
  return true;
}

/** Writes a bitmap of the entries of one kind; answers their number. */
export function entriesOfKind<M extends PagingMode>(table: usize, level: u32, kind: u32, bitmap: usize): u32 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  let count: u32 = 0;
  clearBitmap(bitmap);
  for (let entry: u32 = 0; entry < ENTRIES; entry++) {
    if (mode.kindOf(load<u64>(table + ((<usize>entry) << 3)) & keep, level, reserved) != kind) continue;
    setBit(bitmap, entry);
    count++;
  }
  return count;
}

/** First entry that leads back to the table itself (a self-map); ENTRIES where there is none. */
export function selfMapAt<M extends PagingMode>(table: usize, level: u32, gfn: u64): u32 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  for (let entry: u32 = 0; entry < ENTRIES; entry++) {
    const value = load<u64>(table + ((<usize>entry) << 3)) & keep;
    if (mode.kindOf(value, level, reserved) == KIND_TABLE && mode.tableFrame(value) == gfn) return entry;
  }
  return ENTRIES;
}
