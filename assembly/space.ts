/**
 * What the core exports for whole address spaces. Generic kernels are chosen here by the mode in the control block.
 */
import { allocate, release, resetArena, resetMarksArena } from "./arena";
import { CONTROL, CONTROL_END, CONTROL_MODE, MODE_AMD64 } from "./layout";
import { Amd64, Amd64La57 } from "./modes/amd64";
import { forgetClasses, prepareClasses, scanFrames as scanFramesIn } from "./space-classes";
import { compareSpace as compareSpaceIn } from "./space-compare";
import { absorbPairs as absorbPairsIn } from "./space-compare-tables";
import { absorbFrames, forgetSpaceFrames } from "./space-frames";
import { SPACE_CURSOR_BYTES_LOG2, SPACE_CURSOR_GENERATION } from "./space-layout";
import { listSpace as listSpaceIn } from "./space-list";
import { judgeRoot as judgeRootIn, siftFrames as siftFramesIn } from "./space-roots";
import { sumSpace as sumSpaceIn } from "./space-sum";
import { rootEntries as rootEntriesIn } from "./space-tops";

export { absorbFrames };

function is4Level(): bool {
  return load<u32>(CONTROL, CONTROL_MODE) == MODE_AMD64;
}

/** Forgets everything and keeps at most `most` tables from now on. */
export function beginSpaces(most: u32): void {
  resetArena();
  forgetSpaceFrames(most);
  forgetClasses();
}

/** The memory has grown to `bytes`: the arena may go on into it. Nothing has been allocated for marks. */
export function extendMemory(bytes: u32): void {
  store<u32>(CONTROL, bytes, CONTROL_END);
  resetMarksArena();
}

/** A cursor, all zeros; 0: memory is exhausted. */
export function createCursor(): usize {
  const cursor = allocate(SPACE_CURSOR_BYTES_LOG2);
  if (cursor) memory.fill(cursor, 0, (<usize>1) << SPACE_CURSOR_BYTES_LOG2);
  return cursor;
}

export function releaseCursor(cursor: usize): void {
  release(cursor, SPACE_CURSOR_BYTES_LOG2);
}

/** Fills the window with stretches of what is mapped. */
export function listSpace(cursor: usize, capacity: u32): u32 {
  return is4Level() ? listSpaceIn<Amd64>(cursor, capacity) : listSpaceIn<Amd64La57>(cursor, capacity);
}

/** Fills the window with changes from the state before to the state after. */
export function compareSpace(cursor: usize, capacity: u32): u32 {
  return is4Level() ? compareSpaceIn<Amd64>(cursor, capacity) : compareSpaceIn<Amd64La57>(cursor, capacity);
}

/** Compares the pairs that have been read, for a cursor; false: memory is exhausted. */
export function absorbPairs(cursor: usize): bool {
  const generation = load<u32>(cursor, SPACE_CURSOR_GENERATION);
  return is4Level() ? absorbPairsIn<Amd64>(generation) : absorbPairsIn<Amd64La57>(generation);
}

/** Counts what is mapped, by page size and access, in the cursor. */
export function sumSpace(cursor: usize): u32 {
  return is4Level() ? sumSpaceIn<Amd64>(cursor) : sumSpaceIn<Amd64La57>(cursor);
}

/** Says of each staged frame what it could be; lists those that could be top-level tables. */
export function scanFrames(count: u32): u32 {
  return is4Level() ? scanFramesIn<Amd64>(count) : scanFramesIn<Amd64La57>(count);
}

/** Lists those of the staged frames that could be top-level tables by what their entries lead to. */
export function siftFrames(count: u32): u32 {
  return is4Level() ? siftFramesIn<Amd64>(count) : siftFramesIn<Amd64La57>(count);
}

/** The classes of the 4096 frames around one, a byte each, made where they are new; 0: memory is exhausted. */
export function classBlock(gfn: f64): usize {
  return prepareClasses(<u64>gfn);
}

/** Judges a frame as a top-level table of a mode: which one it is may be what is asked. */
export function judgeRoot(gfn: f64, mode: u32): u32 {
  return mode == MODE_AMD64 ? judgeRootIn<Amd64>(<u64>gfn) : judgeRootIn<Amd64La57>(<u64>gfn);
}

/** What the top-level entries of a cursor's root say in both states. */
export function rootEntries(cursor: usize): u32 {
  return is4Level() ? rootEntriesIn<Amd64>(cursor) : rootEntriesIn<Amd64La57>(cursor);
}
