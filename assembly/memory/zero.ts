/**
 * Whether a part of a table says nothing at all: most of most tables does not, so that it is asked for 64 bytes at a
 * time, in SIMD where the engine has it, before any entry is looked at.
 */

/** Whether eight entries are all zero. */
export function isZero(entries: usize): bool {
  if (ASC_FEATURE_SIMD) {
    const a = v128.or(v128.load(entries), v128.load(entries, 16));
    const b = v128.or(v128.load(entries, 32), v128.load(entries, 48));
    return !v128.any_true(v128.or(a, b));
  }
  const a = load<u64>(entries) | load<u64>(entries, 8) | load<u64>(entries, 16) | load<u64>(entries, 24);
  const b = load<u64>(entries, 32) | load<u64>(entries, 40) | load<u64>(entries, 48) | load<u64>(entries, 56);
  return !(a | b);
}
