/**
 * Tables of whole address spaces: copies of frames, a side each (two states are compared, one is listed).
 *
 * A frame is wanted by a walk, listed in READS in its side's half, read by TypeScript, and kept or known to be
 * unreadable. What is wanted is listed anew by every batch (CONTROL_SPACE_ROUND), so that a batch that could not be
 * read loses nothing.
 */

import { CONTROL, FRAME_BYTES, KEPT_READABLE, KEPT_UNREADABLE, KEPT_WANTED, STAGING } from "../layout";
import { allocate } from "../memory/arena";
import { find, forgetIndex, insert, prepareInsert } from "../memory/frame-index";
import { gfnOf, nameRead, recordOf, wasRead } from "../memory/read-list";
import {
  CONTROL_PAIR_INDEX,
  CONTROL_SAME_INDEX,
  CONTROL_SAME_LAST,
  CONTROL_SPACE_INDEX,
  CONTROL_SPACE_LEFT,
  CONTROL_SPACE_READ,
  CONTROL_SPACE_ROUND,
  CONTROL_SPACE_WANTED,
  HALF_READS,
  HALF_STAGING,
  SIDE_AFTER,
  SIDE_BEFORE,
  SIDES,
  SPACE_CURSOR_GENERATION,
  SPACE_CURSOR_SAID_ENTRY,
  SPACE_CURSOR_SAID_GFN,
  SPACE_CURSOR_SAID_LEVEL,
  SPACE_CURSOR_SAID_SIDE,
  SPACE_CURSOR_SAID_VA,
  SPACE_CURSOR_TELLER,
  SPACE_FRAME_BYTES_LOG2,
  SPACE_FRAME_COPY,
  SPACE_FRAME_ROUND,
  SPACE_FRAME_SAID,
  SPACE_FRAME_STATE,
} from "../space-layout";

const INDEX = CONTROL + CONTROL_SPACE_INDEX;
const COPY_LOG2: u32 = 12;

/** Forgets all tables; the arena is being reset. */
export function forgetSpaceFrames(left: u32): void {
  forgetIndex(INDEX);
  forgetIndex(CONTROL + CONTROL_PAIR_INDEX);
  forgetIndex(CONTROL + CONTROL_SAME_INDEX);
  memory.fill(CONTROL + CONTROL_SAME_LAST, 0, 16);
  store<u32>(CONTROL, left, CONTROL_SPACE_LEFT);
  store<u32>(CONTROL, 0, CONTROL_SPACE_READ);
  store<u32>(CONTROL, 0, CONTROL_SPACE_ROUND);
}

/** The second key of a frame for a cursor's side. */
export function sideKey(cursor: usize, side: u32): u32 {
  return load<u32>(cursor, SPACE_CURSOR_GENERATION) * SIDES + side;
}

/** The record of a frame, made where it is new and then wanted; 0: memory is exhausted. */
export function spaceFrame(gfn: u64, key: u32): usize {
  const there = find(INDEX, gfn, key);
  return there ? there : makeFrame(gfn, key);
}

/** The record of a frame, 0 where there is none. */
export function tryFrame(gfn: u64, key: u32): usize {
  return find(INDEX, gfn, key);
}

function makeFrame(gfn: u64, key: u32): usize {
  if (!prepareInsert(INDEX)) return 0;
  const frame = allocate(SPACE_FRAME_BYTES_LOG2);
  if (!frame) return 0;
  memory.fill(frame, 0, (<usize>1) << SPACE_FRAME_BYTES_LOG2);
  insert(INDEX, gfn, key, frame);
  return frame;
}

/** Begins a batch of wants. */
export function beginWants(): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_SPACE_ROUND) + 1, CONTROL_SPACE_ROUND);
  store<u32>(CONTROL, 0, CONTROL_SPACE_WANTED + SIDE_BEFORE * 4);
  store<u32>(CONTROL, 0, CONTROL_SPACE_WANTED + SIDE_AFTER * 4);
}

/** Frames of the batch on a side. */
export function wantedOn(side: u32): u32 {
  return load<u32>(CONTROL + CONTROL_SPACE_WANTED + ((<usize>side) << 2));
}

/** True where one more may be listed on `side`: there is room, and it may be kept. */
export function mayWant(side: u32): bool {
  return wantedOn(side) < HALF_READS && wantedOn(SIDE_BEFORE) + wantedOn(SIDE_AFTER) < load<u32>(CONTROL, CONTROL_SPACE_LEFT);
}

/** Lists a frame that is wanted, once a batch. The caller has asked `mayWant`. */
export function want(frame: usize, gfn: u64, side: u32): void {
  const round = load<u32>(CONTROL, CONTROL_SPACE_ROUND);
  if (load<u32>(frame, SPACE_FRAME_ROUND) == round) return;
  store<u32>(frame, round, SPACE_FRAME_ROUND);
  list(frame, gfn, side);
}

/** Writes one more place of the batch. */
export function list(record: usize, gfn: u64, side: u32): void {
  const count = wantedOn(side);
  nameRead(placeOf(side, count), record, gfn);
  store<u32>(CONTROL + CONTROL_SPACE_WANTED + ((<usize>side) << 2), count + 1);
}

/** GFN of the `place`-th frame of a side. */
export function listedGfn(side: u32, place: u32): u64 {
  return gfnOf(placeOf(side, place));
}

function placeOf(side: u32, place: u32): usize {
  return side * HALF_READS + place;
}

/** Where the `place`-th frame of a side was read to. */
export function stagedAt(side: u32, place: u32): usize {
  return STAGING + <usize>side * HALF_STAGING + <usize>place * FRAME_BYTES;
}

/** Whether it was read. */
export function wasStaged(side: u32, place: u32): bool {
  return wasRead(placeOf(side, place));
}

/** Keeps the frames of the batch as read; false: memory is exhausted. */
export function absorbFrames(): bool {
  for (let side: u32 = 0; side < SIDES; side++) {
    const count = wantedOn(side);
    for (let place: u32 = 0; place < count; place++) {
      const frame = recordOf(placeOf(side, place));
      if (load<u32>(frame, SPACE_FRAME_STATE) != KEPT_WANTED) continue; // by a call that then ran out of memory
      if (!wasStaged(side, place)) {
        store<u32>(frame, KEPT_UNREADABLE, SPACE_FRAME_STATE);
        continue;
      }
      const copy = allocate(COPY_LOG2);
      if (!copy) return false;
      memory.copy(copy, stagedAt(side, place), FRAME_BYTES);
      store<u32>(frame, <u32>copy, SPACE_FRAME_COPY);
      store<u32>(frame, KEPT_READABLE, SPACE_FRAME_STATE);
      countTables(1, 1);
    }
  }
  return true;
}

/** Counts tables read, and those of them that are kept. */
export function countTables(read: u32, kept: u32): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_SPACE_READ) + read, CONTROL_SPACE_READ);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_SPACE_LEFT) - kept, CONTROL_SPACE_LEFT);
}

/** Whether the absence of an unreadable frame is still to be said; if so the cursor says it. */
export function sayUnreadable(cursor: usize, frame: usize, gfn: u64, level: u32, side: u32, va: u64, entryPa: u64): bool {
  const teller = load<u32>(cursor, SPACE_CURSOR_TELLER);
  if (load<u32>(frame, SPACE_FRAME_SAID) == teller) return false;
  store<u32>(frame, teller, SPACE_FRAME_SAID);
  store<f64>(cursor, <f64>gfn, SPACE_CURSOR_SAID_GFN);
  store<u32>(cursor, level, SPACE_CURSOR_SAID_LEVEL);
  store<u32>(cursor, side, SPACE_CURSOR_SAID_SIDE);
  store<u64>(cursor, va, SPACE_CURSOR_SAID_VA);
  store<u64>(cursor, entryPa, SPACE_CURSOR_SAID_ENTRY);
  return true;
}
