/**
 * Sums what an address space maps without unfolding it: pages by size and access.
 *
 * A table's sums, as a table of its level and apart from the path to it, are counted once; a slot that leads to it adds
 * them, each access cut down to what the slot grants. Only on the two edges of a range is a table looked at in part.
 */

import { ACCESS_BITS, CONTROL, CONTROL_KEEP, CONTROL_RESERVED, ENTRIES, KIND_LEAF, KIND_TABLE } from "../layout";
import { allocate, reserve } from "../memory/arena";
import { isZero } from "../memory/zero";
import { PagingMode } from "../mode";
import {
  SIDE_AFTER,
  SPACE_CURSOR_AT,
  SPACE_CURSOR_END,
  SPACE_CURSOR_LEVEL,
  SPACE_CURSOR_SUMS,
  SPACE_CURSOR_TRIMMED,
  SPACE_DONE,
  SPACE_EXHAUSTED,
  SPACE_FRAME_SUMS,
  SPACE_GO_ON,
  SPACE_PAUSED,
  STEP_ACCESS,
  STEP_ENTRY_ACCESS,
  STEP_FRAME,
  STEP_WHOLE,
  STEPS_A_CALL,
  SUMS_BYTES,
  SUMS_BYTES_LOG2,
} from "../space-layout";
import { beginBelow, enterRoot } from "./descend";
import { copyAt, lastPlace, stepAt } from "./steps";

const SIDE: u32 = SIDE_AFTER;
const AFTER: usize = 4; // of a u32 x 2 by side
const LEVELS_MOST: u32 = 6;
const ACCESSES: u32 = 1 << ACCESS_BITS;

function sumsAt(cursor: usize, level: u32): usize {
  return cursor + SPACE_CURSOR_SUMS + <usize>level * SUMS_BYTES;
}

/** The count of one page size and access. */
function cellOf(sums: usize, leafLevel: u32, access: u32): usize {
  return sums + ((<usize>(((leafLevel - 1) << ACCESS_BITS) | access)) << 3);
}

function addTo(cell: usize, count: u64): void {
  store<u64>(cell, load<u64>(cell) + count);
}

/** Sums up; SPACE_DONE: the root's sums are those of the range, in the cursor. */
export function sumSpace<M extends PagingMode>(cursor: usize): u32 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  const end = load<u64>(cursor, SPACE_CURSOR_END);
  let at = load<u64>(cursor, SPACE_CURSOR_AT);
  if (!load<u32>(cursor, SPACE_CURSOR_LEVEL) && at < end) {
    const status = enterRoot<M>(cursor, at, end);
    if (status != SPACE_DONE) return status;
    at = load<u64>(cursor, SPACE_CURSOR_AT);
  }
  let level = load<u32>(cursor, SPACE_CURSOR_LEVEL);
  for (let steps: u32 = 0; at < end; steps++) {
    if (steps == STEPS_A_CALL) return SPACE_PAUSED;
    // What is counted below goes up to the root in one go: there must be room for all sums that are kept on the way.
    if (!reserve(SUMS_BYTES * LEVELS_MOST)) return SPACE_EXHAUSTED;
    const step = stepAt(cursor, level);
    const copy = copyAt(step, SIDE);
    if (level == 1) {
      at = sumTable<M>(cursor, step, copy, at);
    } else {
      const span = (<u64>1) << mode.shiftAt(level);
      const place = mode.indexAt(at, level);
      const entry = load<u64>(copy + ((<usize>place) << 3)) & keep;
      const kind = mode.kindOf(entry, level, reserved);
      if (kind == KIND_TABLE) {
        const status = beginBelow<M>(cursor, step, copy, entry, level, at, end);
        if (status == SPACE_DONE) {
          const below = stepAt(cursor, level - 1);
          const child: usize = load<u32>(below, STEP_FRAME + AFTER);
          const known: usize = load<u32>(child + ((<usize>(level - 1)) << 2), SPACE_FRAME_SUMS);
          if (!known || !load<u32>(below, STEP_WHOLE)) {
            memory.fill(sumsAt(cursor, level - 1), 0, SUMS_BYTES);
            store<u32>(cursor, --level, SPACE_CURSOR_LEVEL);
            continue;
          }
          addSums(sumsAt(cursor, level), known, load<u32>(below, STEP_ENTRY_ACCESS));
        } else if (status != SPACE_GO_ON) return status;
      } else if (kind == KIND_LEAF) {
        sumLeaf<M>(cursor, step, entry, level, at);
      }
      at = (at & ~(span - 1)) + span;
    }
    store<u64>(cursor, at, SPACE_CURSOR_AT);
    // Also where the range ends within a table: what has been counted goes up to the root.
    for (; level < mode.levels() && (at >= end || !mode.indexAt(at, level)); level++) {
      if (!handUp(cursor, level)) return SPACE_EXHAUSTED;
    }
    store<u32>(cursor, level, SPACE_CURSOR_LEVEL);
  }
  return SPACE_DONE;
}

/** Adds the sums of a table that has been counted to those of the one above; whole ones are kept. */
function handUp(cursor: usize, level: u32): bool {
  const step = stepAt(cursor, level);
  const sums = sumsAt(cursor, level);
  if (load<u32>(step, STEP_WHOLE)) {
    const kept = allocate(SUMS_BYTES_LOG2);
    if (!kept) return false;
    memory.copy(kept, sums, SUMS_BYTES);
    store<u32>(<usize>load<u32>(step, STEP_FRAME + AFTER) + ((<usize>level) << 2), <u32>kept, SPACE_FRAME_SUMS);
  }
  addSums(sumsAt(cursor, level + 1), sums, load<u32>(step, STEP_ENTRY_ACCESS));
  return true;
}

function addSums(to: usize, from: usize, granted: u32): void {
  for (let cell: u32 = 0; cell < SUMS_BYTES >> 3; cell++) {
    const count = load<u64>(from + ((<usize>cell) << 3));
    if (!count) continue;
    const kept = (cell & ~(ACCESSES - 1)) | (cell & granted);
    addTo(to + ((<usize>kept) << 3), count);
  }
}

/** Counts the leaves of a last-level table; answers the VA behind it. */
function sumTable<M extends PagingMode>(cursor: usize, step: usize, copy: usize, at: u64): u64 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  const shift = mode.shiftAt(1);
  const first = mode.indexAt(at, 1);
  const tableVa = (at & ~(((<u64>1) << shift) - 1)) - ((<u64>first) << shift);
  const last = lastPlace(cursor, tableVa, shift, ENTRIES);
  const whole = load<u32>(step, STEP_WHOLE) != 0;
  const sums = sumsAt(cursor, 1);
  for (let place = first; place < last; place++) {
    const entryPtr = copy + ((<usize>place) << 3);
    if (!(place & 7) && isZero(entryPtr)) {
      place += 7;
      continue;
    }
    const entry = load<u64>(entryPtr) & keep;
    if (mode.kindOf(entry, 1, reserved) != KIND_LEAF) continue;
    if (whole) addTo(cellOf(sums, 1, changetype<M>(0).accessOf(entry, 1)), 1);
    else sumLeaf<M>(cursor, step, entry, 1, max(at, tableVa + ((<u64>place) << shift)));
  }
  return tableVa + ((<u64>ENTRIES) << shift);
}

/** Counts a leaf, and the bytes of it that the range cuts off, by the access of its whole path. */
function sumLeaf<M extends PagingMode>(cursor: usize, step: usize, entry: u64, level: u32, at: u64): void {
  const size = (<u64>1) << changetype<M>(0).shiftAt(level);
  const access = changetype<M>(0).accessOf(entry, level);
  addTo(cellOf(sumsAt(cursor, level), level, access), 1);
  const next = (at & ~(size - 1)) + size;
  const covered = min(next, load<u64>(cursor, SPACE_CURSOR_END)) - at;
  if (covered < size) addTo(cellOf(cursor + SPACE_CURSOR_TRIMMED, level, load<u32>(step, STEP_ACCESS + AFTER) & access), size - covered);
}
