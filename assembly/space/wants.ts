/**
 * What a comparison needs read: the tables that the slots of a step lead to, frames of their own or pairs, many at a
 * time.
 */
import { ENTRIES, KEPT_WANTED, KIND_TABLE } from "../layout";
import { PagingMode } from "../mode";
import {
  SIDE_AFTER,
  SIDE_BEFORE,
  SIDES,
  SPACE_CURSOR_GENERATION,
  SPACE_EXHAUSTED,
  SPACE_FRAME_COPY,
  SPACE_FRAME_STATE,
  SPACE_OVER_BOUND,
  SPACE_WANT_PAIRS,
  STEP_KIND,
  STEP_LEAF_PA,
} from "../space-layout";
import { compareKept } from "./compare-tables";
import { beginWants, mayWant, sideKey, spaceFrame, tryFrame, want } from "./frames";
import { comparedPair, wantPair } from "./pairs";
import { areTables, isPair, NO_TABLE, sameTable, takeApart } from "./sides";
import { copyAt, lastPlace, stepAt } from "./steps";

/** Wants what the slots of `step` from `at` on need, frames or pairs, within the range; they are read together. */
export function wantTables<M extends PagingMode>(cursor: usize, step: usize, level: u32, at: u64, status: u32): u32 {
  const mode = changetype<M>(0);
  const shift = mode.shiftAt(level);
  const span = (<u64>1) << shift;
  const first = mode.indexAt(at, level);
  const tableVa = (at & ~(span - 1)) - ((<u64>first) << shift);
  const last = lastPlace(cursor, tableVa, shift, ENTRIES);
  const below = stepAt(cursor, level - 1);
  beginWants();
  if (!mayWant(SIDE_BEFORE) || !mayWant(SIDE_AFTER)) return SPACE_OVER_BOUND;
  const wantsPairs = status == SPACE_WANT_PAIRS;
  const bothTables = wantsPairs && areTables(step);
  const before = bothTables ? copyAt(step, SIDE_BEFORE) : 0;
  const after = bothTables ? copyAt(step, SIDE_AFTER) : 0;
  for (let place = first; place < last && mayWant(SIDE_BEFORE) && mayWant(SIDE_AFTER); place++) {
    const same = bothTables ? sameTable<M>(before, after, place) : NO_TABLE;
    if (same != NO_TABLE) {
      if (!wantPairOf<M>(cursor, same, same)) return SPACE_EXHAUSTED;
      continue;
    }
    for (let side: u32 = 0; side < SIDES; side++) takeApart<M>(step, below, level, tableVa + ((<u64>place) << shift), side);
    if (isPair(below, level) != wantsPairs) continue;
    const listed = wantsPairs
      ? wantPairOf<M>(cursor, load<u64>(below, STEP_LEAF_PA), load<u64>(below, STEP_LEAF_PA + 8))
      : wantFramesOf(cursor, below);
    if (!listed) return SPACE_EXHAUSTED;
  }
  return status;
}

function wantPairOf<M extends PagingMode>(cursor: usize, before: u64, after: u64): bool {
  const generation = load<u32>(cursor, SPACE_CURSOR_GENERATION);
  if (comparedPair(before, after, generation)) return true;
  const copyBefore = keptCopy(before, sideKey(cursor, SIDE_BEFORE));
  const copyAfter = copyBefore ? keptCopy(after, sideKey(cursor, SIDE_AFTER)) : 0;
  if (copyBefore && copyAfter) return compareKept<M>(before, after, copyBefore, copyAfter, generation);
  return wantPair(before, after, generation);
}

function keptCopy(gfn: u64, key: u32): usize {
  const frame = tryFrame(gfn, key);
  return frame ? load<u32>(frame, SPACE_FRAME_COPY) : 0;
}

function wantFramesOf(cursor: usize, below: usize): bool {
  for (let side: u32 = 0; side < SIDES; side++) {
    if (load<u32>(below + ((<usize>side) << 2), STEP_KIND) != KIND_TABLE) continue;
    const gfn = load<u64>(below + ((<usize>side) << 3), STEP_LEAF_PA);
    const frame = spaceFrame(gfn, sideKey(cursor, side));
    if (!frame) return false;
    // The last place may be one too many for the bound: then only this side's frame is read, and the other's with the
    // next batch.
    if (load<u32>(frame, SPACE_FRAME_STATE) == KEPT_WANTED && mayWant(side)) want(frame, gfn, side);
  }
  return true;
}
