/**
 * Compares two last-level tables, where they were read to or where both are kept, and keeps in their pair what differs.
 *
 * An entry differs where what it maps does, or the access that it could grant; what else changes in it is nobody's
 * concern. A pair counts as compared when all of that has been kept: a call that runs out of memory before leaves it as
 * it was.
 */

import { BITMAP_BYTES, CONTROL, CONTROL_KEEP, CONTROL_RESERVED, KEPT_UNREADABLE, KIND_LEAF } from "../layout";
import { allocate } from "../memory/arena";
import { diffTable } from "../memory/diff";
import { PagingMode } from "../mode";
import {
  PAIR_COMPARED,
  PAIR_COUNT,
  PAIR_ENTRIES,
  PAIR_ENTRY_BYTES,
  PAIR_MASK,
  PAIR_NO_AFTER,
  PAIR_NO_BEFORE,
  PAIR_PLACES,
  PAIR_STATE,
  SIDE_AFTER,
  SIDE_BEFORE,
  SPACE_CURSOR_GENERATION,
  SPACE_FRAME_STATE,
} from "../space-layout";
import { countTables, listedGfn, spaceFrame, stagedAt, wantedOn, wasStaged } from "./frames";
import { isCompared, log2For, pairOf } from "./pairs";
import { EQUAL_TABLES, knownIn, sameFrameCell } from "./same-frames";

/**
 * Compares two tables that are both kept, as upper ones elsewhere, say, by their GFNs and copies; false: memory is
 * exhausted.
 */
export function compareKept<M extends PagingMode>(before: u64, after: u64, copyBefore: usize, copyAfter: usize, generation: u32): bool {
  memory.fill(PAIR_MASK, 0xff, BITMAP_BYTES);
  const differing = placesThatDiffer<M>(copyBefore, copyAfter);
  const pair = pairOf(before, after, generation, differing);
  if (!pair || !keepEntries(pair, differing, copyBefore, copyAfter)) return false;
  store<u16>(pair, <u16>PAIR_COMPARED, PAIR_STATE);
  return true;
}

/** Compares the pairs of the batch, for a cursor; false: memory is exhausted. */
export function absorbPairs<M extends PagingMode>(cursor: usize): bool {
  const generation = load<u32>(cursor, SPACE_CURSOR_GENERATION);
  memory.fill(PAIR_MASK, 0xff, BITMAP_BYTES);
  const count = wantedOn(SIDE_BEFORE);
  for (let place: u32 = 0; place < count; place++) {
    if (!absorbPair<M>(place, generation)) return false;
  }
  return true;
}

function absorbPair<M extends PagingMode>(place: u32, generation: u32): bool {
  const before = listedGfn(SIDE_BEFORE, place);
  const after = listedGfn(SIDE_AFTER, place);
  const hasBefore = wasStaged(SIDE_BEFORE, place);
  const hasAfter = wasStaged(SIDE_AFTER, place);
  let differing: u32 = 0;
  if (hasBefore && hasAfter) {
    differing = placesThatDiffer<M>(stagedAt(SIDE_BEFORE, place), stagedAt(SIDE_AFTER, place));
    if (!differing && before == after) {
      const cell = sameFrameCell(before, generation);
      if (!cell) return false;
      const known = knownIn(cell);
      if (known > EQUAL_TABLES)
        store<u16>(known, <u16>PAIR_COMPARED, PAIR_STATE); // an upper table elsewhere
      else store<u32>(cell, <u32>EQUAL_TABLES);
      countTables(2, 0);
      return true;
    }
  }
  const pair = pairOf(before, after, generation, differing);
  if (!pair) return false;
  if (isCompared(pair)) return true; // by a call that then ran out of memory
  let state = PAIR_COMPARED;
  if (!hasBefore) {
    if (!markUnreadable(before, SIDE_BEFORE, generation)) return false;
    state |= PAIR_NO_BEFORE;
  }
  if (!hasAfter) {
    if (!markUnreadable(after, SIDE_AFTER, generation)) return false;
    state |= PAIR_NO_AFTER;
  }
  if (!keepEntries(pair, differing, stagedAt(SIDE_BEFORE, place), stagedAt(SIDE_AFTER, place))) return false;
  store<u16>(pair, <u16>state, PAIR_STATE);
  countTables(u32(hasBefore) + u32(hasAfter), 1);
  return true;
}

function markUnreadable(gfn: u64, side: u32, generation: u32): bool {
  const frame = spaceFrame(gfn, generation * 2 + side);
  if (!frame) return false;
  store<u32>(frame, KEPT_UNREADABLE, SPACE_FRAME_STATE);
  return true;
}

/**
 * Writes the places that differ in what they map, or in the access that they could grant, to PAIR_PLACES; answers their
 * number.
 */
function placesThatDiffer<M extends PagingMode>(before: usize, after: usize): u32 {
  const differing = diffTable(before, after, PAIR_MASK, PAIR_PLACES);
  let count: u32 = 0;
  for (let i: u32 = 0; i < differing; i++) {
    const place = load<u16>(PAIR_PLACES + ((<usize>i) << 1));
    const at = (<usize>place) << 3;
    if (meaning<M>(load<u64>(before + at)) == meaning<M>(load<u64>(after + at))) continue;
    store<u16>(PAIR_PLACES + ((<usize>count) << 1), place);
    count++;
  }
  return count;
}

/** Keeps the first `count` entries that PAIR_PLACES names: where the pair was made with room for them, or apart. */
function keepEntries(pair: usize, count: u32, before: usize, after: usize): bool {
  if (!count) return true;
  let entries: usize = load<u32>(pair, PAIR_ENTRIES);
  if (!entries) {
    entries = allocate(log2For(count * PAIR_ENTRY_BYTES));
    if (!entries) return false;
    store<u32>(pair, <u32>entries, PAIR_ENTRIES);
  }
  for (let i: u32 = 0; i < count; i++) {
    const place: usize = load<u16>(PAIR_PLACES + ((<usize>i) << 1));
    const entry = entries + <usize>i * PAIR_ENTRY_BYTES;
    store<u64>(entry, load<u64>(before + (place << 3)));
    store<u64>(entry, load<u64>(after + (place << 3)), 8);
    store<u16>(entry, <u16>place, 16);
  }
  store<u16>(pair, <u16>count, PAIR_COUNT);
  return true;
}

/** All that counts of an entry of level 1: 0 where it maps nothing, else PA and access. */
function meaning<M extends PagingMode>(value: u64): u64 {
  const mode = changetype<M>(0);
  const entry = value & load<u64>(CONTROL, CONTROL_KEEP);
  if (mode.kindOf(entry, 1, load<u64>(CONTROL, CONTROL_RESERVED)) != KIND_LEAF) return 0;
  return mode.leafBase(entry, 1) | ((<u64>changetype<M>(0).accessOf(entry, 1)) << 1) | 1;
}
