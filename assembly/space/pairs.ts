/**
 * Pairs: the table before and the table after that stand at one place, compared once however many slots lead to them.
 *
 * Of two last-level tables only what differs is kept (compare-tables.ts). Most have not changed: of those that lie in
 * one frame before and after, a bit says so (same-frames.ts). Of two upper tables a pair remembers that nothing changes
 * below them, for each access that the paths to them grant: what a path forbids anyway is no change.
 */

import { ACCESS_BITS, CONTROL } from "../layout";
import { allocate } from "../memory/arena";
import { find, insert, prepareInsert } from "../memory/frame-index";
import {
  CONTROL_PAIR_INDEX,
  PAIR_BYTES,
  PAIR_COMPARED,
  PAIR_ENTRIES,
  PAIR_ENTRY_BYTES,
  PAIR_SAME,
  PAIR_SAME_BYTES_LOG2,
  PAIR_STATE,
  SIDE_AFTER,
  SIDE_BEFORE,
} from "../space-layout";
import { list, listedGfn, wantedOn } from "./frames";
import { EQUAL_TABLES, knownIn, listedNow, sameFrame, sameFrameCell } from "./same-frames";

const INDEX = CONTROL + CONTROL_PAIR_INDEX;
const KEY_BITS: u64 = 40; // of a GFN; the other's lower 24 bits fill the key, its upper 16 the second key
const SECOND_SHIFT: u64 = 24;
const GENERATION_SHIFT: u32 = 16;
const LOWEST_UPPER_LEVEL: u32 = 2;
const SAME_BYTES: u32 = 32; // a level

/**
 * The pair of two frames; where it is new it is made with room for so many entries that differ. 0: memory is exhausted.
 */
export function pairOf(before: u64, after: u64, generation: u32, entries: u32 = 0): usize {
  if (before == after) return sameFramePair(before, generation, entries);
  const there = find(INDEX, keyOf(before, after), secondKeyOf(after, generation));
  if (there) return there;
  if (!prepareInsert(INDEX)) return 0;
  const pair = makePair(entries);
  if (pair) insert(INDEX, keyOf(before, after), secondKeyOf(after, generation), pair);
  return pair;
}

function sameFramePair(gfn: u64, generation: u32, entries: u32): usize {
  const cell = sameFrameCell(gfn, generation);
  if (!cell) return 0;
  const there = knownIn(cell);
  if (there > EQUAL_TABLES) return there;
  const pair = makePair(entries);
  if (!pair) return 0;
  if (there == EQUAL_TABLES) store<u16>(pair, <u16>PAIR_COMPARED, PAIR_STATE); // without an entry that differs
  store<u32>(cell, <u32>pair);
  return pair;
}

/** The pair of two last-level tables where it has been compared; EQUAL_TABLES; 0 where it has not. */
export function comparedPair(before: u64, after: u64, generation: u32): usize {
  const pair = before == after ? sameFrame(before, generation) : find(INDEX, keyOf(before, after), secondKeyOf(after, generation));
  return pair <= EQUAL_TABLES || isCompared(pair) ? pair : 0;
}

export function isCompared(pair: usize): bool {
  return (load<u16>(pair, PAIR_STATE) & PAIR_COMPARED) != 0;
}

/** Its entries lie behind it: a pair among many is mostly one line of the cache, and one piece to ask for. */
function makePair(entries: u32): usize {
  const pair = allocate(log2For(PAIR_BYTES + entries * PAIR_ENTRY_BYTES));
  if (!pair) return 0;
  store<u64>(pair, 0); // a fill is a call, and pairs are many
  store<u32>(pair, 0, PAIR_SAME);
  if (entries) store<u32>(pair, <u32>pair + PAIR_BYTES, PAIR_ENTRIES);
  return pair;
}

export function log2For(bytes: u32): u32 {
  return 32 - clz<u32>(bytes - 1);
}

function keyOf(before: u64, after: u64): u64 {
  return before | (after << KEY_BITS);
}

function secondKeyOf(after: u64, generation: u32): u32 {
  return <u32>(after >> SECOND_SHIFT) | (generation << GENERATION_SHIFT);
}

/**
 * Lists two tables that are to be compared, once a batch; false: memory is exhausted. The caller has asked whether both
 * sides have room.
 */
export function wantPair(before: u64, after: u64, generation: u32): bool {
  if (before == after) {
    const cell = sameFrameCell(before, generation);
    if (!cell) return false;
    const listed = listedNow();
    if (load<u32>(cell) == listed) return true;
    if (!knownIn(cell)) store<u32>(cell, listed);
    else if (isListed(before, after)) return true; // the pair of two upper tables, too
  } else if (isListed(before, after)) return true;
  list(0, before, SIDE_BEFORE);
  list(0, after, SIDE_AFTER);
  return true;
}

function isListed(before: u64, after: u64): bool {
  const count = wantedOn(SIDE_BEFORE);
  for (let place: u32 = 0; place < count; place++) {
    if (listedGfn(SIDE_BEFORE, place) == before && listedGfn(SIDE_AFTER, place) == after) return true;
  }
  return false;
}

/** Whether nothing is known to change below a pair of tables of `level`, reached with these accesses. */
export function isSame(pair: usize, level: u32, before: u32, after: u32): bool {
  const same = load<u32>(pair, PAIR_SAME);
  if (!same) return false;
  const bit = (before << ACCESS_BITS) | after;
  return <bool>((load<u8>(same + (level - LOWEST_UPPER_LEVEL) * SAME_BYTES + (bit >> 3)) >> (bit & 7)) & 1);
}

/** Remembers that; where memory is exhausted it is found out again. */
export function noteSame(pair: usize, level: u32, before: u32, after: u32): void {
  let same: usize = load<u32>(pair, PAIR_SAME);
  if (!same) {
    same = allocate(PAIR_SAME_BYTES_LOG2);
    if (!same) return;
    memory.fill(same, 0, (<usize>1) << PAIR_SAME_BYTES_LOG2);
    store<u32>(pair, <u32>same, PAIR_SAME);
  }
  const bit = (before << ACCESS_BITS) | after;
  const at = same + (level - LOWEST_UPPER_LEVEL) * SAME_BYTES + (bit >> 3);
  const flag: u32 = 1 << (bit & 7);
  store<u8>(at, <u8>(<u32>load<u8>(at) | flag));
}
