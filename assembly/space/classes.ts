/**
 * What every frame of a dump could be, a byte each: nothing, a top-level table, one in the middle, one of the last
 * level.
 *
 * Every frame is looked at once, as it is read, 64 bytes at a time; zeros cost next to nothing, and entries that no
 * table has end the look early. What is no more than possible by itself is told apart by where it leads (roots.ts).
 */

import { BATCH_IN, CONTROL, CONTROL_KEEP, CONTROL_RESERVED, FRAME_BYTES, KIND_LEAF, KIND_TABLE, NO_MEMORY, STAGING } from "../layout";
import { allocate } from "../memory/arena";
import { find, forgetIndex, insert, prepareInsert } from "../memory/frame-index";
import { gfnOf, wasRead } from "../memory/read-list";
import { isZero } from "../memory/zero";
import { PagingMode } from "../mode";
import { CLASS_HELD, CLASS_LAST, CLASS_MIDDLE, CLASS_TOP, CLASS_ZERO, CONTROL_CLASS_INDEX, CONTROL_FRAME_LIMIT } from "../space-layout";

const INDEX = CONTROL + CONTROL_CLASS_INDEX;
const BLOCK_LOG2: u32 = 12;
const BLOCK_MASK: usize = FRAME_BYTES - 1;

// How many of a frame's entries may be wrong: a table may be damaged, or be read while it is written.
const MOST_WRONG_OF: u32 = 8; // one of so many
const MOST_STRAY_TOP: u32 = 8; // entries that are not present and not zero
const MOST_STRAY_MIDDLE: u32 = 64;
const GIVEN_UP: u32 = 3; // wrong ones among the first, as a table
const STRAY_GIVEN_UP: u32 = 128; // where nothing else was found

/** The level of tables that lead to those of the last one. */
export const MIDDLE_LEVEL: u32 = 2;

/** Forgets all classes; the arena is being reset. */
export function forgetClasses(): void {
  forgetIndex(INDEX);
}

/** The classes of the 4096 frames around one, a byte each; 0: none of them has been seen. */
export function classesAround(gfn: u64): usize {
  return find(INDEX, gfn >> BLOCK_LOG2, 0);
}

/** CLASS_… of a frame by the classes around it; 0: it has not been seen. */
export function classIn(classes: usize, gfn: u64): u32 {
  return classes ? load<u8>(classes + (<usize>gfn & BLOCK_MASK)) : 0;
}

/** Whether two frames have their classes in one block. */
export function areAround(gfn: u64, other: u64): bool {
  return gfn >> BLOCK_LOG2 == other >> BLOCK_LOG2;
}

/** As classesAround, by a GFN of TypeScript's, made where they are new; 0: memory is exhausted. */
export function classBlock(gfn: f64): usize {
  return prepareClasses(<u64>gfn);
}

function prepareClasses(gfn: u64): usize {
  const there = classesAround(gfn);
  if (there) return there;
  if (!prepareInsert(INDEX)) return 0;
  const block = allocate(BLOCK_LOG2);
  if (!block) return 0;
  memory.fill(block, 0, FRAME_BYTES);
  insert(INDEX, gfn >> BLOCK_LOG2, 0, block);
  return block;
}

/**
 * Classes the first `count` frames of the staging area. Writes the places of those that could be top-level tables to
 * BATCH_IN (u32 each) and answers their number; NO_MEMORY: there is no memory, and the same frames can be classed
 * again.
 */
export function scanFrames<M extends PagingMode>(count: u32): u32 {
  let found: u32 = 0;
  let block: usize = 0;
  let last: u64 = 0;
  for (let place: u32 = 0; place < count; place++) {
    if (!wasRead(place)) continue;
    const gfn = gfnOf(place);
    if (!block || !areAround(gfn, last)) block = prepareClasses(gfn);
    if (!block) return NO_MEMORY;
    last = gfn;
    const kind = classify<M>(STAGING + <usize>place * FRAME_BYTES);
    store<u8>(block + (<usize>gfn & BLOCK_MASK), <u8>(kind | CLASS_HELD));
    if (!(kind & CLASS_TOP)) continue;
    store<u32>(BATCH_IN + ((<usize>found) << 2), place);
    found++;
  }
  return found;
}

function classify<M extends PagingMode>(frame: usize): u32 {
  const mode = changetype<M>(0);
  const levels = mode.levels();
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  const behind = <u64>load<f64>(CONTROL, CONTROL_FRAME_LIMIT) - 1;
  let stray: u32 = 0;
  let top: u32 = 0;
  let topWrong: u32 = 0;
  let middle: u32 = 0;
  let middleWrong: u32 = 0;
  let last: u32 = 0;
  let lastWrong: u32 = 0;
  for (let at = frame; at < frame + FRAME_BYTES; at += 64) {
    if (isZero(at)) continue;
    let present = presentOf(at, mode.presentBit());
    stray += popcnt<u32>(usedOf(at, keep) & ~present);
    for (; present; present &= present - 1) {
      const entry = load<u64>(at + ((<usize>ctz<u32>(present)) << 3)) & keep;
      const exists = mode.tableFrame(entry) - 1 < behind; // frame 0 holds no table
      if (exists) last++;
      else lastWrong++;
      if (exists && mode.kindOf(entry, levels, reserved) == KIND_TABLE) top++;
      else topWrong++;
      const kind = mode.kindOf(entry, MIDDLE_LEVEL, reserved);
      if (exists && (kind == KIND_TABLE || kind == KIND_LEAF)) middle++;
      else middleWrong++;
    }
    if (lastWrong > last + GIVEN_UP && isHopeless(top, topWrong) && isHopeless(middle, middleWrong)) return 0;
    if (stray > STRAY_GIVEN_UP && !last) return 0;
  }
  if (!(stray | last | lastWrong)) return CLASS_ZERO;
  let kind: u32 = 0;
  if (top && topWrong * MOST_WRONG_OF <= top && stray <= MOST_STRAY_TOP) kind |= CLASS_TOP;
  if (middle && middleWrong * MOST_WRONG_OF <= middle && stray <= MOST_STRAY_MIDDLE) kind |= CLASS_MIDDLE;
  if (last && lastWrong * MOST_WRONG_OF <= last) kind |= CLASS_LAST;
  return kind;
}

function isHopeless(right: u32, wrong: u32): bool {
  return wrong * MOST_WRONG_OF > right + GIVEN_UP * MOST_WRONG_OF;
}

/** Which of eight entries have the `bit`-th bit set, a bit each. */
function presentOf(entries: usize, bit: u32): u32 {
  if (ASC_FEATURE_SIMD) {
    const up = 63 - <i32>bit;
    return (
      <u32>i64x2.bitmask(i64x2.shl(v128.load(entries), up)) |
      ((<u32>i64x2.bitmask(i64x2.shl(v128.load(entries, 16), up))) << 2) |
      ((<u32>i64x2.bitmask(i64x2.shl(v128.load(entries, 32), up))) << 4) |
      ((<u32>i64x2.bitmask(i64x2.shl(v128.load(entries, 48), up))) << 6)
    );
  }
  let found: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) found |= (<u32>(load<u64>(entries + ((<usize>i) << 3)) >> bit) & 1) << i;
  return found;
}

/** Which of eight entries have any bit of `keep` set, a bit each. */
function usedOf(entries: usize, keep: u64): u32 {
  if (ASC_FEATURE_SIMD) {
    const mask = i64x2.splat(keep);
    const zero = i64x2.splat(0);
    return (
      <u32>i64x2.bitmask(i64x2.ne(v128.and(v128.load(entries), mask), zero)) |
      ((<u32>i64x2.bitmask(i64x2.ne(v128.and(v128.load(entries, 16), mask), zero))) << 2) |
      ((<u32>i64x2.bitmask(i64x2.ne(v128.and(v128.load(entries, 32), mask), zero))) << 4) |
      ((<u32>i64x2.bitmask(i64x2.ne(v128.and(v128.load(entries, 48), mask), zero))) << 6)
    );
  }
  let found: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) found |= u32((load<u64>(entries + ((<usize>i) << 3)) & keep) != 0) << i;
  return found;
}
