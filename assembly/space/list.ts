/**
 * Lists what an address space maps, stretch by stretch, ascending.
 *
 * Depth first over the entries. A table that turned out to map nothing, as a table of its level, is not entered again,
 * so between two stretches each (table, level) is passed at most once, however often it is shared; nothing else is
 * remembered.
 */
import { CONTROL, CONTROL_KEEP, CONTROL_RESERVED, ENTRIES, KIND_LEAF, KIND_TABLE } from "../layout";
import { isZero } from "../memory/zero";
import { DETAIL_BITS, PagingMode } from "../mode";
import {
  SIDE_AFTER,
  SPACE_CURSOR_AT,
  SPACE_CURSOR_END,
  SPACE_CURSOR_LEVEL,
  SPACE_CURSOR_OPEN,
  SPACE_CURSOR_ROW,
  SPACE_DONE,
  SPACE_FRAME_EMPTY,
  SPACE_GO_ON,
  SPACE_PAUSED,
  SPACE_ROW_ACCESS,
  SPACE_ROW_DETAILS,
  SPACE_ROW_END,
  SPACE_ROW_LEVEL,
  SPACE_ROW_PA,
  SPACE_ROW_VA,
  SPACE_ROWS,
  STEP_ACCESS,
  STEP_FRAME,
  STEP_FRUITFUL,
  STEPS_A_CALL,
} from "../space-layout";
import { beginBelow, enterRoot } from "./descend";
import { closeRow, upperHalf } from "./rows";
import { copyAt, endStep, lastPlace, stepAt } from "./steps";

const NO_ROW: u64 = ~(<u64>0); // in place of where the open row ends
const SIDE: u32 = SIDE_AFTER;
const AFTER: usize = 4; // of a u32 x 2 by side
const AFTER_PA: usize = 8; // of a u64 x 2
const DETAIL: u64 = ((<u64>1) << DETAIL_BITS) - 1;

/** Goes on until `capacity` rows are in the window, or the caller is needed; SPACE_…. */
export function listSpace<M extends PagingMode>(cursor: usize, capacity: u32): u32 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  const end = load<u64>(cursor, SPACE_CURSOR_END);
  let at = load<u64>(cursor, SPACE_CURSOR_AT);
  let level = load<u32>(cursor, SPACE_CURSOR_LEVEL);
  if (!level && at < end) {
    const status = enterRoot<M>(cursor, at, end);
    if (status != SPACE_DONE) return status;
    level = load<u32>(cursor, SPACE_CURSOR_LEVEL);
    at = load<u64>(cursor, SPACE_CURSOR_AT);
  }
  for (let steps: u32 = 0; at < end; steps++) {
    if (steps == STEPS_A_CALL) return SPACE_PAUSED;
    const step = stepAt(cursor, level);
    const copy = copyAt(step, SIDE);
    if (level == 1) {
      if (!listTable<M>(cursor, step, copy, at, capacity)) return SPACE_ROWS;
      at = load<u64>(cursor, SPACE_CURSOR_AT);
    } else {
      const span = (<u64>1) << mode.shiftAt(level);
      const place = mode.indexAt(at, level);
      const entry = load<u64>(copy + ((<usize>place) << 3)) & keep;
      const kind = mode.kindOf(entry, level, reserved);
      if (kind == KIND_TABLE) {
        const status = beginBelow<M>(cursor, step, copy, entry, level, at, end);
        if (status == SPACE_DONE) {
          const child: usize = load<u32>(stepAt(cursor, level - 1), STEP_FRAME + AFTER);
          if (!((load<u32>(child, SPACE_FRAME_EMPTY) >> (level - 1)) & 1)) {
            store<u32>(cursor, --level, SPACE_CURSOR_LEVEL);
            continue;
          }
        } else if (status != SPACE_GO_ON) return status;
      } else if (kind == KIND_LEAF) {
        if (!addLeaf<M>(cursor, step, entry, level, at, capacity)) return SPACE_ROWS;
        store<u32>(step, 1, STEP_FRUITFUL);
      }
      at = (at & ~(span - 1)) + span;
      store<u64>(cursor, at, SPACE_CURSOR_AT);
    }
    for (; level < mode.levels() && !mode.indexAt(at, level); level++) {
      if (!endStep(cursor, level)) continue;
      const frame: usize = load<u32>(stepAt(cursor, level), STEP_FRAME + AFTER);
      store<u32>(frame, load<u32>(frame, SPACE_FRAME_EMPTY) | (1 << level), SPACE_FRAME_EMPTY);
    }
    store<u32>(cursor, level, SPACE_CURSOR_LEVEL);
  }
  return closeRow<M>(cursor, capacity) ? SPACE_DONE : SPACE_ROWS;
}

/**
 * The leaves of a last-level table from `at` on; false: the window is full, and the cursor stands at the leaf that
 * found no room.
 */
function listTable<M extends PagingMode>(cursor: usize, step: usize, copy: usize, at: u64, capacity: u32): bool {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  const path = load<u32>(step, STEP_ACCESS + AFTER);
  const end = load<u64>(cursor, SPACE_CURSOR_END);
  const shift = mode.shiftAt(1);
  const bytes = (<u64>1) << shift;
  const open = cursor + SPACE_CURSOR_ROW;
  let place = mode.indexAt(at, 1);
  const tableVa = (at & ~(bytes - 1)) - ((<u64>place) << shift);
  const last = lastPlace(cursor, tableVa, shift, ENTRIES);
  // What the open row ends with, so that a page that prolongs it costs no call.
  let rowEnd: u64 = load<u32>(cursor, SPACE_CURSOR_OPEN) ? load<u64>(open, SPACE_ROW_END) : NO_ROW;
  let rowPa: u64 = rowEnd == NO_ROW ? 0 : load<u64>(open, SPACE_ROW_PA + AFTER_PA) + (rowEnd - load<u64>(open, SPACE_ROW_VA));
  let rowAccess: u32 = load<u8>(open, SPACE_ROW_LEVEL + 1) == 1 ? load<u8>(open, SPACE_ROW_ACCESS + 1) : 0xff;
  let details: u64 = 0;
  let found = false;
  if (rowEnd == upperHalf<M>()) rowEnd = NO_ROW;
  for (; place < last; place++) {
    const entryPtr = copy + ((<usize>place) << 3);
    if (!(place & 7) && isZero(entryPtr)) {
      place += 7;
      continue;
    }
    const entry = load<u64>(entryPtr) & keep;
    if (mode.kindOf(entry, 1, reserved) != KIND_LEAF) continue;
    found = true;
    const va = tableVa + ((<u64>place) << shift);
    const access = path & changetype<M>(0).accessOf(entry, 1);
    if (va == rowEnd && access == rowAccess && mode.leafBase(entry, 1) == rowPa && va + bytes <= end) {
      rowEnd += bytes;
      rowPa += bytes;
      details += changetype<M>(0).detailsOf(entry, 1);
      continue;
    }
    if (rowEnd != NO_ROW) store<u64>(open, rowEnd, SPACE_ROW_END);
    addDetails(open, details);
    details = 0;
    if (!addLeaf<M>(cursor, step, entry, 1, max(va, at), capacity)) {
      store<u32>(step, 1, STEP_FRUITFUL);
      store<u64>(cursor, max(va, at), SPACE_CURSOR_AT);
      return false;
    }
    rowEnd = load<u64>(open, SPACE_ROW_END);
    rowPa = load<u64>(open, SPACE_ROW_PA + AFTER_PA) + (rowEnd - load<u64>(open, SPACE_ROW_VA));
    rowAccess = access;
  }
  if (found) {
    store<u64>(open, rowEnd, SPACE_ROW_END);
    addDetails(open, details);
    store<u32>(step, 1, STEP_FRUITFUL);
  }
  store<u64>(cursor, tableVa + ((<u64>ENTRIES) << shift), SPACE_CURSOR_AT);
  return true;
}

/**
 * Adds what the range leaves of a leaf, from `at` on; false: it opens a row and the window has no room for the one
 * before.
 */
function addLeaf<M extends PagingMode>(cursor: usize, step: usize, entry: u64, level: u32, at: u64, capacity: u32): bool {
  const mode = changetype<M>(0);
  const size = (<u64>1) << mode.shiftAt(level);
  const next = min((at & ~(size - 1)) + size, load<u64>(cursor, SPACE_CURSOR_END));
  const pa = mode.leafBase(entry, level) | (at & (size - 1));
  const access = load<u32>(step, STEP_ACCESS + AFTER) & changetype<M>(0).accessOf(entry, level);
  const open = cursor + SPACE_CURSOR_ROW;
  const prolongs =
    load<u32>(cursor, SPACE_CURSOR_OPEN) &&
    load<u64>(open, SPACE_ROW_END) == at &&
    at != upperHalf<M>() &&
    load<u64>(open, SPACE_ROW_PA + AFTER_PA) + (at - load<u64>(open, SPACE_ROW_VA)) == pa &&
    load<u8>(open, SPACE_ROW_LEVEL + 1) == level &&
    load<u8>(open, SPACE_ROW_ACCESS + 1) == access;
  if (!prolongs) {
    if (!closeRow<M>(cursor, capacity)) return false;
    store<u64>(open, 0, SPACE_ROW_DETAILS);
    store<u32>(open, 0, SPACE_ROW_DETAILS + 8);
    store<u64>(open, at, SPACE_ROW_VA);
    store<u64>(open, pa, SPACE_ROW_PA + AFTER_PA);
    store<u8>(open, <u8>level, SPACE_ROW_LEVEL + 1);
    store<u8>(open, <u8>access, SPACE_ROW_ACCESS + 1);
    store<u32>(cursor, 1, SPACE_CURSOR_OPEN);
  }
  store<u64>(open, next, SPACE_ROW_END);
  addDetails(open, changetype<M>(0).detailsOf(entry, level));
  return true;
}

function addDetails(row: usize, details: u64): void {
  const at = row + SPACE_ROW_DETAILS;
  store<u32>(at, load<u32>(at) + <u32>(details & DETAIL));
  store<u32>(at, load<u32>(at, 4) + <u32>((details >> DETAIL_BITS) & DETAIL), 4);
  store<u32>(at, load<u32>(at, 8) + <u32>(details >> (2 * DETAIL_BITS)), 8);
}
