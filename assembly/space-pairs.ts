/**
 * Pairs: the table before and the table after that stand at one place, compared once however many slots lead to them.
 *
 * Two last-level tables are compared where they were read to, and only what differs is kept. Most have not changed: of those that
 * lie in one frame before and after, a bit says so. Of two upper tables a pair remembers that nothing changes below them, for each access
 * that the paths to them grant: what a path forbids anyway is no change.
 */
import { allocate } from "./arena";
import { diffTable } from "./diff";
import { find, insert, prepareInsert } from "./frame-index";
import { ACCESS_BITS, BITMAP_BYTES, CONTROL, CONTROL_KEEP, CONTROL_RESERVED, KEPT_UNREADABLE, KIND_LEAF, READ_GFNS } from "./layout";
import { PagingMode } from "./mode";
import { countTables, list, spaceFrame, stagedAt, wantedOn, wasStaged } from "./space-frames";
import {
  CONTROL_PAIR_INDEX,
  CONTROL_SAME_INDEX,
  CONTROL_SAME_LAST,
  CONTROL_SPACE_ROUND,
  HALF_READS,
  PAIR_BYTES,
  PAIR_COMPARED,
  PAIR_COUNT,
  PAIR_ENTRIES,
  PAIR_ENTRY_BYTES,
  PAIR_MASK,
  PAIR_NO_AFTER,
  PAIR_NO_BEFORE,
  PAIR_PLACES,
  PAIR_SAME,
  PAIR_SAME_BYTES_LOG2,
  PAIR_STATE,
  SIDE_AFTER,
  SIDE_BEFORE,
  SPACE_FRAME_STATE,
} from "./space-layout";

const INDEX = CONTROL + CONTROL_PAIR_INDEX;
const SAME_INDEX = CONTROL + CONTROL_SAME_INDEX;
const SAME_BITS: u32 = 6; // frames of a block, a u32 each
const KEY_BITS: u64 = 40; // of a GFN; the other's lower 24 bits fill the key, its upper 16 the second key
const SECOND_SHIFT: u64 = 24;
const GENERATION_SHIFT: u32 = 16;
/** Instead of a pair: the two tables say the same. */
export const EQUAL_TABLES: usize = 1;
// Of a frame on both sides: a pair, whose lowest bits are 0, EQUAL_TABLES, or the number of the batch that lists it.
const TAG_BITS: u32 = 2;
const TAG_MASK: usize = 3;
const TAG_LISTED: u32 = 2;
const LOWEST_UPPER_LEVEL: u32 = 2;
const SAME_BYTES: u32 = 32; // a level

/** The pair of two frames; where it is new it is made with room for so many entries that differ. 0: memory is exhausted. */
export function pairOf(before: u64, after: u64, generation: u32, entries: u32 = 0): usize {
  if (before == after) return sameFramePair(before, generation, entries);
  const there = find(INDEX, keyOf(before, after), secondKeyOf(after, generation));
  if (there) return there;
  if (!prepareInsert(INDEX)) return 0;
  const pair = makePair(entries);
  if (pair) insert(INDEX, keyOf(before, after), secondKeyOf(after, generation), pair);
  return pair;
}

/** The pair of two last-level tables where it has been compared; EQUAL_TABLES; 0 where it has not. */
export function comparedPair(before: u64, after: u64, generation: u32): usize {
  const pair = before == after ? sameFrame(before, generation) : find(INDEX, keyOf(before, after), secondKeyOf(after, generation));
  return pair <= EQUAL_TABLES || isCompared(pair) ? pair : 0;
}

function isCompared(pair: usize): bool {
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

function log2For(bytes: u32): u32 {
  return 32 - clz<u32>(bytes - 1);
}

function keyOf(before: u64, after: u64): u64 {
  return before | (after << KEY_BITS);
}

function secondKeyOf(after: u64, generation: u32): u32 {
  return <u32>(after >> SECOND_SHIFT) | (generation << GENERATION_SHIFT);
}

/** What is known of a frame that stands on both sides: 0 nothing, EQUAL_TABLES, or its pair. */
function sameFrame(gfn: u64, generation: u32): usize {
  const block = sameBlock(gfn, generation);
  return block ? knownIn(cellIn(block, gfn)) : 0;
}

/** The block that a frame is in; 0: there is none. Tables often lie side by side: the one found last is remembered. */
function sameBlock(gfn: u64, generation: u32): usize {
  const last = CONTROL + CONTROL_SAME_LAST;
  const there: usize = load<u32>(last, 12);
  if (there && load<u64>(last) == gfn >> SAME_BITS && load<u32>(last, 8) == generation) return there;
  const block = find(SAME_INDEX, gfn >> SAME_BITS, generation);
  if (block) {
    store<u64>(last, gfn >> SAME_BITS);
    store<u32>(last, generation, 8);
    store<u32>(last, <u32>block, 12);
  }
  return block;
}

/** That it is listed in a batch, which may never have been read, is no knowledge. */
function knownIn(cell: usize): usize {
  const known: usize = load<u32>(cell);
  return (known & TAG_MASK) == TAG_LISTED ? 0 : known;
}

/** Where that is kept; 0: memory is exhausted. */
function sameFrameCell(gfn: u64, generation: u32): usize {
  let block = sameBlock(gfn, generation);
  if (!block) {
    if (!prepareInsert(SAME_INDEX)) return 0;
    block = allocate(SAME_BITS + 2);
    if (!block) return 0;
    memory.fill(block, 0, (<usize>4) << SAME_BITS);
    insert(SAME_INDEX, gfn >> SAME_BITS, generation, block);
  }
  return cellIn(block, gfn);
}

function cellIn(block: usize, gfn: u64): usize {
  return block + ((<usize>gfn & ((1 << SAME_BITS) - 1)) << 2);
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

/** Compares two tables that are both kept, as upper ones elsewhere, say, by their GFNs and copies; false: memory is exhausted. */
export function compareKept<M extends PagingMode>(before: u64, after: u64, copyBefore: usize, copyAfter: usize, generation: u32): bool {
  memory.fill(PAIR_MASK, 0xff, BITMAP_BYTES);
  const differing = placesThatDiffer<M>(copyBefore, copyAfter);
  const pair = pairOf(before, after, generation, differing);
  if (!pair || !keepEntries(pair, differing, copyBefore, copyAfter)) return false;
  store<u16>(pair, <u16>PAIR_COMPARED, PAIR_STATE);
  return true;
}

/** Lists two tables that are to be compared, once a batch; false: memory is exhausted. The caller has asked whether both sides have room. */
export function wantPair(before: u64, after: u64, generation: u32): bool {
  if (before == after) {
    const cell = sameFrameCell(before, generation);
    if (!cell) return false;
    const listed = (load<u32>(CONTROL, CONTROL_SPACE_ROUND) << TAG_BITS) | TAG_LISTED;
    if (load<u32>(cell) == listed) return true;
    if (!knownIn(cell)) store<u32>(cell, listed);
    else if (isListed(before, after)) return true; // the pair of two upper tables, too
  } else if (isListed(before, after)) return true;
  list(0, before, SIDE_BEFORE);
  list(0, after, SIDE_AFTER);
  return true;
}

function isListed(before: u64, after: u64): bool {
  const count: usize = wantedOn(SIDE_BEFORE);
  for (let place: usize = 0; place < count; place++) {
    if (load<f64>(READ_GFNS + (place << 3)) == <f64>before && load<f64>(READ_GFNS + ((place + HALF_READS) << 3)) == <f64>after) return true;
  }
  return false;
}

/** Compares the pairs of the batch; false: memory is exhausted. */
export function absorbPairs<M extends PagingMode>(generation: u32): bool {
  memory.fill(PAIR_MASK, 0xff, BITMAP_BYTES);
  const count = wantedOn(SIDE_BEFORE);
  for (let place: u32 = 0; place < count; place++) {
    if (!absorbPair<M>(place, generation)) return false;
  }
  return true;
}

function absorbPair<M extends PagingMode>(place: u32, generation: u32): bool {
  const before = gfnAt(SIDE_BEFORE, place);
  const after = gfnAt(SIDE_AFTER, place);
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

function gfnAt(side: u32, place: u32): u64 {
  return <u64>load<f64>(READ_GFNS + ((<usize>(side * HALF_READS + place)) << 3));
}

function markUnreadable(gfn: u64, side: u32, generation: u32): bool {
  const frame = spaceFrame(gfn, generation * 2 + side);
  if (!frame) return false;
  store<u32>(frame, KEPT_UNREADABLE, SPACE_FRAME_STATE);
  return true;
}

/** Writes the places that differ in what they map, or in the access that they could grant, to PAIR_PLACES; answers their number. */
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
