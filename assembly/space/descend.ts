/**
 * The way down of a walk over one state: to the root's table, and from an entry to the table that it leads to.
 *
 * A table that is not there yet is wanted together with all that its neighbours lead to; one that cannot be read is
 * said once.
 */
import { ALL_ACCESS, CONTROL, CONTROL_KEEP, CONTROL_RESERVED, ENTRIES, KEPT_UNREADABLE, KEPT_WANTED, KIND_TABLE } from "../layout";
import { PagingMode } from "../mode";
import {
  NO_ENTRY,
  SIDE_AFTER,
  SPACE_CURSOR_AT,
  SPACE_CURSOR_LEVEL,
  SPACE_CURSOR_ROOT,
  SPACE_DONE,
  SPACE_EXHAUSTED,
  SPACE_FRAME_STATE,
  SPACE_GO_ON,
  SPACE_OVER_BOUND,
  SPACE_UNREADABLE,
  SPACE_WANT_FRAMES,
  STEP_ACCESS,
  STEP_ENTRY_ACCESS,
  STEP_FRAME,
} from "../space-layout";
import { beginWants, mayWant, sayUnreadable, sideKey, spaceFrame, want } from "./frames";
import { addressBits, canonical } from "./rows";
import { beginStep, lastPlace, stepAt, tablePa } from "./steps";

const SIDE: u32 = SIDE_AFTER;
const AFTER: usize = 4; // of a u32 x 2 by side

/**
 * Begins the step below an entry that leads to a table. SPACE_DONE: it has begun; SPACE_GO_ON: the table cannot
 * be read, and that has been said; else the caller is needed.
 */
export function beginBelow<M extends PagingMode>(cursor: usize, step: usize, copy: usize, entry: u64, level: u32, at: u64, end: u64): u32 {
  const mode = changetype<M>(0);
  const span = (<u64>1) << mode.shiftAt(level);
  const gfn = mode.tableFrame(entry);
  const child = spaceFrame(gfn, sideKey(cursor, SIDE));
  if (!child) return SPACE_EXHAUSTED;
  const state = load<u32>(child, SPACE_FRAME_STATE);
  if (state == KEPT_WANTED) return wantChildren<M>(cursor, copy, at, level);
  if (state == KEPT_UNREADABLE) {
    const entryPa = tablePa<M>(cursor, level, at, SIDE) + ((<u64>mode.indexAt(at, level)) << 3);
    const isNews = sayUnreadable(cursor, child, gfn, level - 1, SIDE, canonical<M>(at & ~(span - 1)), entryPa);
    return isNews ? SPACE_UNREADABLE : SPACE_GO_ON;
  }
  const below = stepAt(cursor, level - 1);
  const granted = mode.accessOf(entry, level);
  beginStep(below, at, span, end);
  store<u32>(below, <u32>child, STEP_FRAME + AFTER);
  store<u32>(below, load<u32>(step, STEP_ACCESS + AFTER) & granted, STEP_ACCESS + AFTER);
  store<u32>(below, granted, STEP_ENTRY_ACCESS);
  return SPACE_DONE;
}

/** Begins at the root's table; SPACE_DONE: go on. */
export function enterRoot<M extends PagingMode>(cursor: usize, at: u64, end: u64): u32 {
  const levels = changetype<M>(0).levels();
  const gfn = <u64>load<f64>(cursor, SPACE_CURSOR_ROOT);
  const root = spaceFrame(gfn, sideKey(cursor, SIDE));
  if (!root) return SPACE_EXHAUSTED;
  const state = load<u32>(root, SPACE_FRAME_STATE);
  if (state == KEPT_WANTED) {
    beginWants();
    if (!mayWant(SIDE)) return SPACE_OVER_BOUND;
    want(root, gfn, SIDE);
    return SPACE_WANT_FRAMES;
  }
  if (state == KEPT_UNREADABLE) {
    store<u64>(cursor, end, SPACE_CURSOR_AT);
    return sayUnreadable(cursor, root, gfn, levels, SIDE, 0, NO_ENTRY) ? SPACE_UNREADABLE : SPACE_DONE;
  }
  const step = stepAt(cursor, levels);
  beginStep(step, at, (<u64>1) << addressBits<M>(), end);
  store<u32>(step, <u32>root, STEP_FRAME + AFTER);
  store<u32>(step, ALL_ACCESS, STEP_ACCESS + AFTER);
  store<u32>(cursor, levels, SPACE_CURSOR_LEVEL);
  return SPACE_DONE;
}

/** Wants the tables that the rest of this one leads to, within the range; they are read together. */
function wantChildren<M extends PagingMode>(cursor: usize, copy: usize, at: u64, level: u32): u32 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  const key = sideKey(cursor, SIDE);
  const shift = mode.shiftAt(level);
  const first = mode.indexAt(at, level);
  const last = lastPlace(cursor, at - (at & (((<u64>1) << shift) - 1)) - ((<u64>first) << shift), shift, ENTRIES);
  beginWants();
  if (!mayWant(SIDE)) return SPACE_OVER_BOUND;
  for (let place = first; place < last && mayWant(SIDE); place++) {
    const entry = load<u64>(copy + ((<usize>place) << 3)) & keep;
    if (mode.kindOf(entry, level, reserved) != KIND_TABLE) continue;
    const gfn = mode.tableFrame(entry);
    const child = spaceFrame(gfn, key);
    if (!child) return SPACE_EXHAUSTED;
    if (load<u32>(child, SPACE_FRAME_STATE) == KEPT_WANTED) want(child, gfn, SIDE);
  }
  return SPACE_WANT_FRAMES;
}
