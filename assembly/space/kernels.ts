/**
 * What the core exports for whole address spaces. Generic kernels are chosen here by the mode in the control block;
 * nothing else is decided.
 */
import { MODE_AMD64 } from "../layout";
import { is4Level } from "../mode-choice";
import { Amd64, Amd64La57 } from "../modes/amd64";
import { beginSpaces, extendMemory } from "./begin";
import { classBlock, scanFrames as scanFramesIn } from "./classes";
import { compareSpace as compareSpaceIn } from "./compare";
import { absorbPairs as absorbPairsIn } from "./compare-tables";
import { createCursor, releaseCursor } from "./cursors";
import { absorbFrames } from "./frames";
import { listSpace as listSpaceIn } from "./list";
import { judgeRoot as judgeRootIn, siftFrames as siftFramesIn } from "./roots";
import { sumSpace as sumSpaceIn } from "./sum";
import { rootEntries as rootEntriesIn } from "./tops";

export { absorbFrames, beginSpaces, classBlock, createCursor, extendMemory, releaseCursor };

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
  return is4Level() ? absorbPairsIn<Amd64>(cursor) : absorbPairsIn<Amd64La57>(cursor);
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

/** Judges a frame as a top-level table of a mode: which one it is may be what is asked. */
export function judgeRoot(gfn: f64, mode: u32): u32 {
  return mode == MODE_AMD64 ? judgeRootIn<Amd64>(gfn) : judgeRootIn<Amd64La57>(gfn);
}

/** What the top-level entries of a cursor's root say in both states. */
export function rootEntries(cursor: usize): u32 {
  return is4Level() ? rootEntriesIn<Amd64>(cursor) : rootEntriesIn<Amd64La57>(cursor);
}
