/**
 * Compares two states of an address space, change by change, ascending.
 *
 * Both are walked side by side, a step a level; a side is a table, a part of a large page, or nothing. Where both are
 * tables reached with one access, two last-level tables are a pair (pairs.ts) and only what differs is looked at; two
 * upper ones below which nothing changes are passed once. One table alone below which nothing is mapped is passed once
 * as well.
 */
import { ENTRIES, KEPT_UNREADABLE, KEPT_WANTED, KIND_LEAF, KIND_NOT_PRESENT, KIND_TABLE } from "../layout";
import { PagingMode } from "../mode";
import {
  PAIR_COUNT,
  PAIR_ENTRIES,
  PAIR_ENTRY_BYTES,
  PAIR_NO_AFTER,
  PAIR_NO_BEFORE,
  PAIR_STATE,
  SIDE_AFTER,
  SIDE_BEFORE,
  SIDES,
  SPACE_CURSOR_AT,
  SPACE_CURSOR_END,
  SPACE_CURSOR_GENERATION,
  SPACE_CURSOR_LEVEL,
  SPACE_DONE,
  SPACE_EXHAUSTED,
  SPACE_FRAME_EMPTY,
  SPACE_FRAME_STATE,
  SPACE_GO_ON,
  SPACE_PAUSED,
  SPACE_ROWS,
  SPACE_UNREADABLE,
  SPACE_WANT_FRAMES,
  SPACE_WANT_PAIRS,
  STEP_ACCESS,
  STEP_FRAME,
  STEP_FRUITFUL,
  STEP_KIND,
  STEP_LEAF_PA,
  STEP_PAIR,
  STEPS_A_CALL,
} from "../space-layout";
import { addChange, NO_ROOM, NOTHING_CHANGED } from "./changes";
import { sayUnreadable, sideKey, spaceFrame, tryFrame } from "./frames";
import { comparedPair, isSame, noteSame, pairOf } from "./pairs";
import { canonical, closeRow } from "./rows";
import { EQUAL_TABLES } from "./same-frames";
import { areTables, isPair, leafLevel, leafPa, NO_TABLE, sameTable, takeApart, takeEntryApart } from "./sides";
import { beginStep, copyAt, endStep, stepAt, tablePa } from "./steps";
import { enterRoots } from "./tops";
import { wantTables } from "./wants";

/** Goes on until `capacity` rows are in the window, or the caller is needed; SPACE_…. */
export function compareSpace<M extends PagingMode>(cursor: usize, capacity: u32): u32 {
  const mode = changetype<M>(0);
  const end = load<u64>(cursor, SPACE_CURSOR_END);
  let at = load<u64>(cursor, SPACE_CURSOR_AT);
  if (!load<u32>(cursor, SPACE_CURSOR_LEVEL) && at < end) {
    const status = enterRoots<M>(cursor, at, end);
    if (status != SPACE_GO_ON) return status;
    at = load<u64>(cursor, SPACE_CURSOR_AT);
  }
  let level = load<u32>(cursor, SPACE_CURSOR_LEVEL);
  for (let steps: u32 = 0; at < end; steps++) {
    if (steps == STEPS_A_CALL) return SPACE_PAUSED;
    const step = stepAt(cursor, level);
    let next = level == 2 ? pastEqualTables<M>(cursor, step, at, end) : at;
    if (next == at) {
      const span = (<u64>1) << mode.shiftAt(level);
      next = (at & ~(span - 1)) + span;
      const status = compareSlot<M>(cursor, step, level, at, next, capacity);
      if (status == SPACE_DONE) {
        store<u32>(cursor, --level, SPACE_CURSOR_LEVEL);
        continue;
      }
      if (status != SPACE_GO_ON) return status;
    }
    at = next;
    store<u64>(cursor, at, SPACE_CURSOR_AT);
    for (; level < mode.levels() && !mode.indexAt(at, level); level++) {
      if (endStep(cursor, level)) noteFruitless(stepAt(cursor, level), level);
    }
    store<u32>(cursor, level, SPACE_CURSOR_LEVEL);
  }
  return closeRow<M>(cursor, capacity) ? SPACE_DONE : SPACE_ROWS;
}

/**
 * The VA behind the slots from `at` on that lead to tables known to say the same, reached with one access; `at` where
 * there are none.
 */
function pastEqualTables<M extends PagingMode>(cursor: usize, step: usize, at: u64, end: u64): u64 {
  if (!areTables(step)) return at;
  const mode = changetype<M>(0);
  const span = (<u64>1) << mode.shiftAt(2);
  const generation = load<u32>(cursor, SPACE_CURSOR_GENERATION);
  const before = copyAt(step, SIDE_BEFORE);
  const after = copyAt(step, SIDE_AFTER);
  let va = at;
  for (let place = mode.indexAt(at, 2); place < ENTRIES && va < end; place++) {
    const gfn = sameTable<M>(before, after, place);
    if (gfn == NO_TABLE || comparedPair(gfn, gfn, generation) != EQUAL_TABLES) break;
    va = (va & ~(span - 1)) + span;
  }
  return va;
}

/**
 * Sees to the slot around `at`, which `next` is behind. SPACE_DONE: it is to be entered; SPACE_GO_ON: it is done with.
 */
function compareSlot<M extends PagingMode>(cursor: usize, step: usize, level: u32, at: u64, next: u64, capacity: u32): u32 {
  // The slot's two sides are taken apart in the step below, which is begun where there is a table to go into.
  const below = stepAt(cursor, level - 1);
  const end = load<u64>(cursor, SPACE_CURSOR_END);
  beginStep(below, at, (<u64>1) << changetype<M>(0).shiftAt(level), end);
  for (let side: u32 = 0; side < SIDES; side++) takeApart<M>(step, below, level, at, side);
  if (load<u32>(below, STEP_KIND) == KIND_TABLE || load<u32>(below, STEP_KIND + 4) == KIND_TABLE) {
    return enterTables<M>(cursor, step, below, level, at, capacity);
  }
  return addDifference<M>(cursor, capacity, step, below, at, min(next, end)) ? SPACE_GO_ON : SPACE_ROWS;
}

/**
 * Adds the change that the two sides in `below` make, from `va` to `to`, where they make one; false: there is no room
 * for a row.
 */
function addDifference<M extends PagingMode>(cursor: usize, capacity: u32, step: usize, below: usize, va: u64, to: u64): bool {
  const added = addChange<M>(
    cursor,
    capacity,
    va,
    to,
    leafLevel(below, SIDE_BEFORE),
    leafPa<M>(below, SIDE_BEFORE, va),
    load<u32>(below, STEP_ACCESS),
    leafLevel(below, SIDE_AFTER),
    leafPa<M>(below, SIDE_AFTER, va),
    load<u32>(below, STEP_ACCESS + 4),
  );
  if (added == NO_ROOM) return false;
  if (added != NOTHING_CHANGED) store<u32>(step, 1, STEP_FRUITFUL);
  return true;
}

/** Sees to a slot with a table on one side or both. SPACE_DONE: it is to be entered; SPACE_GO_ON: it is done with. */
function enterTables<M extends PagingMode>(cursor: usize, step: usize, below: usize, level: u32, at: u64, capacity: u32): u32 {
  const before = load<u64>(below, STEP_LEAF_PA);
  const after = load<u64>(below, STEP_LEAF_PA + 8);
  const isTableBefore = load<u32>(below, STEP_KIND) == KIND_TABLE;
  const isTableAfter = load<u32>(below, STEP_KIND + 4) == KIND_TABLE;
  let pair: usize = 0;
  if (isTableBefore && isTableAfter) {
    if (isPair(below, level)) return comparePair<M>(cursor, step, below, at, capacity);
    pair = pairOf(before, after, load<u32>(cursor, SPACE_CURSOR_GENERATION));
    if (!pair) return SPACE_EXHAUSTED;
    if (level > 2 && isSame(pair, level - 1, load<u32>(below, STEP_ACCESS), load<u32>(below, STEP_ACCESS + 4))) return SPACE_GO_ON;
  }
  let lacking = false;
  for (let side: u32 = 0; side < SIDES; side++) {
    const ofSide = below + ((<usize>side) << 2);
    if (load<u32>(ofSide, STEP_KIND) != KIND_TABLE) continue;
    const gfn = side == SIDE_BEFORE ? before : after;
    const frame = spaceFrame(gfn, sideKey(cursor, side));
    if (!frame) return SPACE_EXHAUSTED;
    const state = load<u32>(frame, SPACE_FRAME_STATE);
    if (state == KEPT_WANTED) return wantTables<M>(cursor, step, level, at, SPACE_WANT_FRAMES);
    store<u32>(ofSide, <u32>frame, STEP_FRAME);
    lacking = lacking || state == KEPT_UNREADABLE;
  }
  if (lacking) return sayLacking<M>(cursor, below, level, at);
  if (!pair) {
    const side: u32 = isTableBefore ? SIDE_BEFORE : SIDE_AFTER;
    const other = load<u32>(below + ((<usize>(1 - side)) << 2), STEP_KIND);
    const frame: usize = load<u32>(below + ((<usize>side) << 2), STEP_FRAME);
    if (other == KIND_NOT_PRESENT && (load<u32>(frame, SPACE_FRAME_EMPTY) >> (level - 1)) & 1) return SPACE_GO_ON;
  }
  store<u32>(below, <u32>pair, STEP_PAIR);
  return SPACE_DONE;
}

/** The changes of a pair of last-level tables, from `at` on. */
function comparePair<M extends PagingMode>(cursor: usize, step: usize, below: usize, at: u64, capacity: u32): u32 {
  const before = load<u64>(below, STEP_LEAF_PA);
  const after = load<u64>(below, STEP_LEAF_PA + 8);
  const generation = load<u32>(cursor, SPACE_CURSOR_GENERATION);
  const pair = comparedPair(before, after, generation);
  if (pair == EQUAL_TABLES) return SPACE_GO_ON;
  if (!pair) return wantTables<M>(cursor, step, 2, at, SPACE_WANT_PAIRS);
  const mode = changetype<M>(0);
  if (load<u16>(pair, PAIR_STATE) & (PAIR_NO_BEFORE | PAIR_NO_AFTER)) {
    for (let side: u32 = 0; side < SIDES; side++) {
      const gfn = load<u64>(below + ((<usize>side) << 3), STEP_LEAF_PA);
      store<u32>(below + ((<usize>side) << 2), <u32>tryFrame(gfn, sideKey(cursor, side)), STEP_FRAME);
    }
    return sayLacking<M>(cursor, below, 2, at);
  }
  const count: u32 = load<u16>(pair, PAIR_COUNT);
  if (!count) return SPACE_GO_ON;
  const end = load<u64>(cursor, SPACE_CURSOR_END);
  const shift = mode.shiftAt(1);
  const tableVa = at & ~(((<u64>1) << mode.shiftAt(2)) - 1);
  const entries: usize = load<u32>(pair, PAIR_ENTRIES);
  // The step below serves as the two sides of each entry; its accesses are those of the path.
  const path = load<u32>(below, STEP_ACCESS);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * PAIR_ENTRY_BYTES;
    const first = tableVa + ((<u64>load<u16>(entry, 16)) << shift);
    const next = first + ((<u64>1) << shift);
    if (next <= at) continue;
    if (first >= end) break;
    const va = max(first, at);
    takeEntryApart<M>(load<u64>(entry), path, below, 1, SIDE_BEFORE);
    takeEntryApart<M>(load<u64>(entry, 8), path, below, 1, SIDE_AFTER);
    if (!addDifference<M>(cursor, capacity, step, below, va, min(next, end))) {
      store<u64>(cursor, va, SPACE_CURSOR_AT);
      return SPACE_ROWS;
    }
  }
  return SPACE_GO_ON;
}

/**
 * Says which of the slot's tables cannot be read, one a call; SPACE_GO_ON: all has been said, and there is no change to
 * be had.
 */
function sayLacking<M extends PagingMode>(cursor: usize, below: usize, level: u32, at: u64): u32 {
  const mode = changetype<M>(0);
  const va = canonical<M>(at & ~(((<u64>1) << mode.shiftAt(level)) - 1));
  for (let side: u32 = 0; side < SIDES; side++) {
    const frame: usize = load<u32>(below + ((<usize>side) << 2), STEP_FRAME);
    if (!frame || load<u32>(frame, SPACE_FRAME_STATE) != KEPT_UNREADABLE) continue;
    const gfn = load<u64>(below + ((<usize>side) << 3), STEP_LEAF_PA);
    const entryPa = tablePa<M>(cursor, level, at, side) + ((<u64>mode.indexAt(at, level)) << 3);
    if (sayUnreadable(cursor, frame, gfn, level - 1, side, va, entryPa)) return SPACE_UNREADABLE;
  }
  return SPACE_GO_ON;
}

/** All of a step has been seen and nothing changes below it. */
function noteFruitless(step: usize, level: u32): void {
  const pair: usize = load<u32>(step, STEP_PAIR);
  if (pair) {
    if (level > 1) noteSame(pair, level, load<u32>(step, STEP_ACCESS), load<u32>(step, STEP_ACCESS + 4));
    return;
  }
  const kindBefore = load<u32>(step, STEP_KIND);
  const kindAfter = load<u32>(step, STEP_KIND + 4);
  if (kindBefore == KIND_LEAF || kindAfter == KIND_LEAF) return;
  const frame: usize = kindBefore == KIND_TABLE ? load<u32>(step, STEP_FRAME) : load<u32>(step, STEP_FRAME + 4);
  store<u32>(frame, load<u32>(frame, SPACE_FRAME_EMPTY) | (1 << level), SPACE_FRAME_EMPTY);
}
