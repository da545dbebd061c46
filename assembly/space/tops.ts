/**
 * The top-level tables of two states: where a comparison begins, and what tells which slots several roots have in
 * common.
 */
import { ALL_ACCESS, BATCH_IN, BATCH_OUT, ENTRIES, KEPT_UNREADABLE, KEPT_WANTED, KIND_NOT_PRESENT, KIND_TABLE } from "../layout";
import { PagingMode } from "../mode";
import {
  NO_ENTRY,
  SIDE_AFTER,
  SIDE_BEFORE,
  SIDES,
  SPACE_CURSOR_AT,
  SPACE_CURSOR_END,
  SPACE_CURSOR_GENERATION,
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
  STEP_FRAME,
  STEP_KIND,
  STEP_LEAF_PA,
  STEP_PAIR,
} from "../space-layout";
import { beginWants, mayWant, sayUnreadable, sideKey, spaceFrame, tryFrame, want, wantedOn } from "./frames";
import { pairOf } from "./pairs";
import { addressBits } from "./rows";
import { takeEntryApart } from "./sides";
import { beginStep, copyAt, stepAt } from "./steps";

/**
 * Begins a comparison at both roots' tables; at its end, where one of them cannot be read. SPACE_GO_ON, or the caller
 * is needed.
 */
export function enterRoots<M extends PagingMode>(cursor: usize, at: u64, end: u64): u32 {
  const levels = changetype<M>(0).levels();
  const gfn = <u64>load<f64>(cursor, SPACE_CURSOR_ROOT);
  const step = stepAt(cursor, levels);
  beginWants();
  for (let side: u32 = 0; side < SIDES; side++) {
    const root = spaceFrame(gfn, sideKey(cursor, side));
    if (!root) return SPACE_EXHAUSTED;
    if (load<u32>(root, SPACE_FRAME_STATE) != KEPT_WANTED) continue;
    if (!mayWant(side)) return SPACE_OVER_BOUND;
    want(root, gfn, side);
  }
  if (wantedOn(SIDE_BEFORE) || wantedOn(SIDE_AFTER)) return SPACE_WANT_FRAMES;
  beginStep(step, at, (<u64>1) << addressBits<M>(), end);
  let lacking = false;
  for (let side: u32 = 0; side < SIDES; side++) {
    const root = tryFrame(gfn, sideKey(cursor, side));
    const ofSide = step + ((<usize>side) << 2);
    store<u32>(ofSide, <u32>root, STEP_FRAME);
    store<u32>(ofSide, KIND_TABLE, STEP_KIND);
    store<u32>(ofSide, ALL_ACCESS, STEP_ACCESS);
    if (load<u32>(root, SPACE_FRAME_STATE) != KEPT_UNREADABLE) continue;
    if (sayUnreadable(cursor, root, gfn, levels, side, 0, NO_ENTRY)) return SPACE_UNREADABLE;
    lacking = true;
  }
  if (lacking) {
    store<u64>(cursor, end, SPACE_CURSOR_AT);
    return SPACE_GO_ON;
  }
  const pair = pairOf(gfn, gfn, load<u32>(cursor, SPACE_CURSOR_GENERATION));
  if (!pair) return SPACE_EXHAUSTED;
  store<u32>(step, <u32>pair, STEP_PAIR);
  store<u32>(cursor, levels, SPACE_CURSOR_LEVEL);
  return SPACE_GO_ON;
}

/**
 * What the entries of both top-level tables say, as u64 at BATCH_IN and BATCH_OUT: equal words lead to the same, 0 to
 * nothing. The cursor's level stays 0 where one of the tables cannot be read.
 */
export function rootEntries<M extends PagingMode>(cursor: usize): u32 {
  const levels = changetype<M>(0).levels();
  if (!load<u32>(cursor, SPACE_CURSOR_LEVEL)) {
    const status = enterRoots<M>(cursor, load<u64>(cursor, SPACE_CURSOR_AT), load<u64>(cursor, SPACE_CURSOR_END));
    if (status != SPACE_GO_ON) return status;
    if (!load<u32>(cursor, SPACE_CURSOR_LEVEL)) return SPACE_DONE;
  }
  const step = stepAt(cursor, levels);
  const below = stepAt(cursor, levels - 1);
  for (let side: u32 = 0; side < SIDES; side++) {
    const copy = copyAt(step, side);
    const out: usize = side == SIDE_BEFORE ? BATCH_IN : BATCH_OUT;
    for (let place: usize = 0; place < ENTRIES; place++) {
      takeEntryApart<M>(load<u64>(copy + (place << 3)), ALL_ACCESS, below, levels, side);
      const kind = load<u32>(below + ((<usize>side) << 2), STEP_KIND);
      const target = load<u64>(below + ((<usize>side) << 3), STEP_LEAF_PA);
      const access = load<u32>(below + ((<usize>side) << 2), STEP_ACCESS);
      store<u64>(out + (place << 3), kind == KIND_NOT_PRESENT ? 0 : (target << 8) | ((<u64>access) << 4) | kind);
    }
  }
  return SPACE_DONE;
}
