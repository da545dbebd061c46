/**
 * Pairs: the table before and the table after that stand at one place, compared once however many slots lead to them.
 *
 * Two last-level tables are compared where they were read to, and only what differs is kept. Most have not changed: of those that
 * lie in one frame before and after, a bit says so. Of two upper tables a pair remembers that nothing changes below them, for each access
 * that the paths to them grant: what a path forbids anyway is no change.
 */
import { allocate } from "./arena";
import { diffTable } from "./diff";
import { EntryAccess } from "./entry-access";
import { find, insert, prepareInsert } from "./frame-index";
import {
  ACCESS_BITS,
  BATCH_IN,
  BATCH_OUT,
  BITMAP_BYTES,
  CONTROL,
  CONTROL_EQUAL_INDEX,
  CONTROL_KEEP,
  CONTROL_PAIR_INDEX,
  CONTROL_RESERVED,
  HALF_READS,
  KEPT_UNREADABLE,
  KIND_LEAF,
  PAIR_BYTES_LOG2,
  PAIR_COMPARED,
  PAIR_COUNT,
  PAIR_ENTRIES,
  PAIR_ENTRY_BYTES,
  PAIR_NO_AFTER,
  PAIR_NO_BEFORE,
  PAIR_SAME,
  PAIR_SAME_BYTES_LOG2,
  PAIR_STATE,
  READ_GFNS,
  SIDE_AFTER,
  SIDE_BEFORE,
  SPACE_FRAME_STATE,
} from "./layout";
import { PagingMode } from "./mode";
import { countTables, list, spaceFrame, stagedAt, wantedOn, wasStaged } from "./space-frames";

const INDEX = CONTROL + CONTROL_PAIR_INDEX;
const EQUAL_INDEX = CONTROL + CONTROL_EQUAL_INDEX;
const EQUAL_BITS: u32 = 15; // frames of a block, a bit each
const EQUAL_MASK: usize = ((<usize>1) << EQUAL_BITS) - 1;
const KEY_BITS: u64 = 40; // of a GFN; the other's lower 24 bits fill the key, its upper 16 the second key
const SECOND_SHIFT: u64 = 24;
const GENERATION_SHIFT: u32 = 16;
const MASK: usize = BATCH_OUT; // scratch: all entries count
const PLACES: usize = BATCH_IN; // scratch: places that differ, u16 each
const LOWEST_UPPER_LEVEL: u32 = 2;
const SAME_BYTES: u32 = 32; // a level

/** The pair of two frames, made where it is new; 0: memory is exhausted. */
export function pairOf(before: u64, after: u64, generation: u32): usize {
  const key = before | (after << KEY_BITS);
  const second = <u32>(after >> SECOND_SHIFT) | (generation << GENERATION_SHIFT);
  const there = find(INDEX, key, second);
  if (there) return there;
  if (!prepareInsert(INDEX)) return 0;
  const pair = allocate(PAIR_BYTES_LOG2);
  if (!pair) return 0;
  memory.fill(pair, 0, (<usize>1) << PAIR_BYTES_LOG2);
  insert(INDEX, key, second, pair);
  return pair;
}

/** The pair of two frames, 0 where there is none. */
export function tryPair(before: u64, after: u64, generation: u32): usize {
  return find(INDEX, before | (after << KEY_BITS), <u32>(after >> SECOND_SHIFT) | (generation << GENERATION_SHIFT));
}

/** Whether a frame, as a last-level table, is known to say the same on both sides. */
export function isEqual(gfn: u64, generation: u32): bool {
  const block = find(EQUAL_INDEX, gfn >> EQUAL_BITS, generation);
  if (!block) return false;
  return <bool>((load<u8>(block + ((<usize>gfn & EQUAL_MASK) >> 3)) >> (<u32>gfn & 7)) & 1);
}

function noteEqual(gfn: u64, generation: u32): bool {
  let block = find(EQUAL_INDEX, gfn >> EQUAL_BITS, generation);
  if (!block) {
    if (!prepareInsert(EQUAL_INDEX)) return false;
    block = allocate(EQUAL_BITS - 3);
    if (!block) return false;
    memory.fill(block, 0, (EQUAL_MASK + 1) >> 3);
    insert(EQUAL_INDEX, gfn >> EQUAL_BITS, generation, block);
  }
  const at = block + ((<usize>gfn & EQUAL_MASK) >> 3);
  const flag: u32 = 1 << (<u32>gfn & 7);
  store<u8>(at, <u8>(<u32>load<u8>(at) | flag));
  return true;
}

export function isCompared(pair: usize): bool {
  return (load<u32>(pair, PAIR_STATE) & PAIR_COMPARED) != 0;
}

/** Compares a pair whose tables are both kept, as upper ones elsewhere, say; false: memory is exhausted. */
export function compareKept<M extends PagingMode, A extends EntryAccess>(pair: usize, before: usize, after: usize): bool {
  memory.fill(MASK, 0xff, BITMAP_BYTES);
  if (!keepEntries(pair, placesThatDiffer<M, A>(before, after), before, after)) return false;
  store<u32>(pair, PAIR_COMPARED, PAIR_STATE);
  return true;
}

/** Lists two tables that are to be compared, once a batch. The caller has asked whether there is room on both sides. */
export function wantPair(before: u64, after: u64): void {
  const count: usize = wantedOn(SIDE_BEFORE);
  for (let place: usize = 0; place < count; place++) {
    if (load<f64>(READ_GFNS + (place << 3)) == <f64>before && load<f64>(READ_GFNS + ((place + HALF_READS) << 3)) == <f64>after) return;
  }
  list(0, before, SIDE_BEFORE);
  list(0, after, SIDE_AFTER);
}

/** Compares the pairs of the batch; false: memory is exhausted. */
export function absorbPairs<M extends PagingMode, A extends EntryAccess>(generation: u32): bool {
  memory.fill(MASK, 0xff, BITMAP_BYTES);
  const count = wantedOn(SIDE_BEFORE);
  for (let place: u32 = 0; place < count; place++) {
    if (!absorbPair<M, A>(place, generation)) return false;
  }
  return true;
}

function absorbPair<M extends PagingMode, A extends EntryAccess>(place: u32, generation: u32): bool {
  const before = gfnAt(SIDE_BEFORE, place);
  const after = gfnAt(SIDE_AFTER, place);
  const hasBefore = wasStaged(SIDE_BEFORE, place);
  const hasAfter = wasStaged(SIDE_AFTER, place);
  let differing: u32 = 0;
  if (hasBefore && hasAfter) {
    differing = placesThatDiffer<M, A>(stagedAt(SIDE_BEFORE, place), stagedAt(SIDE_AFTER, place));
    if (!differing && before == after) {
      if (!noteEqual(before, generation)) return false;
      countTables(2, 0);
      return true;
    }
  }
  const pair = pairOf(before, after, generation);
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
  store<u32>(pair, state, PAIR_STATE);
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

/** Writes the places that differ in what they map, or in the access that they could grant, to PLACES; answers their number. */
function placesThatDiffer<M extends PagingMode, A extends EntryAccess>(before: usize, after: usize): u32 {
  const differing = diffTable(before, after, MASK, PLACES);
  let count: u32 = 0;
  for (let i: u32 = 0; i < differing; i++) {
    const place = load<u16>(PLACES + ((<usize>i) << 1));
    const at = (<usize>place) << 3;
    if (meaning<M, A>(load<u64>(before + at)) == meaning<M, A>(load<u64>(after + at))) continue;
    store<u16>(PLACES + ((<usize>count) << 1), place);
    count++;
  }
  return count;
}

/** Keeps the first `count` entries that PLACES names. */
function keepEntries(pair: usize, count: u32, before: usize, after: usize): bool {
  if (!count) return true;
  const entries = allocate(32 - clz<u32>(count * PAIR_ENTRY_BYTES - 1));
  if (!entries) return false;
  for (let i: u32 = 0; i < count; i++) {
    const place: usize = load<u16>(PLACES + ((<usize>i) << 1));
    const entry = entries + <usize>i * PAIR_ENTRY_BYTES;
    store<u64>(entry, load<u64>(before + (place << 3)));
    store<u64>(entry, load<u64>(after + (place << 3)), 8);
    store<u64>(entry, place, 16);
  }
  store<u32>(pair, count, PAIR_COUNT);
  store<u32>(pair, <u32>entries, PAIR_ENTRIES);
  return true;
}

/** All that counts of an entry of level 1: 0 where it maps nothing, else PA and access. */
function meaning<M extends PagingMode, A extends EntryAccess>(value: u64): u64 {
  const mode = changetype<M>(0);
  const entry = value & load<u64>(CONTROL, CONTROL_KEEP);
  if (mode.kindOf(entry, 1, load<u64>(CONTROL, CONTROL_RESERVED)) != KIND_LEAF) return 0;
  return mode.leafBase(entry, 1) | ((<u64>changetype<A>(0).accessOf(entry, 1)) << 1) | 1;
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
