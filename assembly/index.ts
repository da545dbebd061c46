/**
 * What the core exports. Generic kernels are chosen here by the mode in the control block; nothing else is decided.
 */

import { initialize } from "./initialize";
import { allocate, release } from "./memory/arena";
import { diffTable } from "./memory/diff";
import { is4Level } from "./mode-choice";
import { Amd64, Amd64La57 } from "./modes/amd64";
import { lookUp as lookUpIn, settleTaken as settleTakenIn, takeIn as takeInIn } from "./monitor/addresses";
import { ascends, firstNonCanonical } from "./monitor/batch";
import { commitChanges } from "./monitor/changes";
import { settleOne as settleOneIn } from "./monitor/committed-path";
import { giveBack, giveBackMany } from "./monitor/give-back";
import { clearAllMarks, clearMarks, collectMarked, collectRange, countMonitored, mark, markRange } from "./monitor/marks";
import { listMoves, move as moveIn } from "./monitor/moves";
import { beginNarration as beginNarrationIn, narrate } from "./monitor/narrate";
import { releaseScratch } from "./monitor/node-scratch";
import { affect, affectSpace, collectSpace as collectSpaceIn, diffReads, endProcessing, restand, undo } from "./monitor/process";
import { abandonReads, listTables, nextReads, nextTables } from "./monitor/reads";
import { resetMonitor } from "./monitor/reset";
import { beginRounds as beginRoundsIn, resumeRounds as resumeRoundsIn } from "./monitor/rounds";
import { abandonTouched } from "./monitor/stand";
import { forgetTable, sweep } from "./monitor/tables";
import { createSpace, emptySpace, noteTags, releaseSpace } from "./monitor/watched-spaces";
import { dropFrames, keepFrames, listWanted, nextWanted } from "./translate/kept-frames";
import { walkBatch as walkBatchIn, walkOne as walkOneIn } from "./translate/walk";

export {
  absorbFrames,
  absorbPairs,
  beginSpaces,
  classBlock,
  compareSpace,
  createCursor,
  extendMemory,
  judgeRoot,
  listSpace,
  releaseCursor,
  rootEntries,
  scanFrames,
  siftFrames,
  sumSpace,
} from "./space/kernels";
export {
  abandonReads,
  abandonTouched,
  affect,
  affectSpace,
  allocate,
  ascends,
  clearAllMarks,
  clearMarks,
  collectMarked,
  collectRange,
  commitChanges,
  countMonitored,
  createSpace,
  diffReads,
  diffTable,
  dropFrames,
  emptySpace,
  endProcessing,
  firstNonCanonical,
  forgetTable,
  giveBack,
  giveBackMany,
  initialize,
  keepFrames,
  listMoves,
  listTables,
  listWanted,
  mark,
  markRange,
  narrate,
  nextReads,
  nextTables,
  nextWanted,
  noteTags,
  release,
  releaseScratch,
  releaseSpace,
  resetMonitor,
  restand,
  sweep,
  undo,
};

/** Takes in the first `count` addresses of the batch and begins the rounds. */
export function takeIn(space: usize, count: u32): u32 {
  return is4Level() ? takeInIn<Amd64>(space, count) : takeInIn<Amd64La57>(space, count);
}

/** Begins the rounds: answers how many tables are named to be read. */
export function beginRounds(rounds: u32): u32 {
  return is4Level() ? beginRoundsIn<Amd64>(rounds) : beginRoundsIn<Amd64La57>(rounds);
}

/** Goes on with the rounds when `count` tables have been read. */
export function resumeRounds(count: u32, rounds: u32): u32 {
  return is4Level() ? resumeRoundsIn<Amd64>(count, rounds) : resumeRoundsIn<Amd64La57>(count, rounds);
}

/** Counts the fresh addresses of a batch as backed or not and answers their PAs. */
export function settleTaken(space: usize, count: u32): void {
  if (is4Level()) settleTakenIn<Amd64>(space, count);
  else settleTakenIn<Amd64La57>(space, count);
}

/**
 * The same for the first address alone, and its committed path. Not 0: there are tables that may no longer be
 * monitored.
 */
export function settleOne(space: usize): u32 {
  return is4Level() ? settleOneIn<Amd64>(space) : settleOneIn<Amd64La57>(space);
}

/** Looks up the first address of the batch. */
export function lookUp(space: usize): u32 {
  return is4Level() ? lookUpIn<Amd64>(space) : lookUpIn<Amd64La57>(space);
}

/** Lists the affected leaves of a space. */
export function collectSpace(space: usize): u32 {
  return is4Level() ? collectSpaceIn<Amd64>(space) : collectSpaceIn<Amd64La57>(space);
}

/** Compares the outcomes and starts telling; answers the rows to come. */
export function beginNarration(): u32 {
  return is4Level() ? beginNarrationIn<Amd64>() : beginNarrationIn<Amd64La57>();
}

/** Moves the listed addresses to other tries. */
export function move(): void {
  if (is4Level()) moveIn<Amd64>();
  else moveIn<Amd64La57>();
}

/** Translates a batch over kept frames. */
export function walkBatch(rootGfn: f64, count: u32, parked: u32): u32 {
  return is4Level() ? walkBatchIn<Amd64>(rootGfn, count, parked) : walkBatchIn<Amd64La57>(rootGfn, count, parked);
}

/** Walks the first address of the batch over kept frames. */
export function walkOne(rootGfn: f64): u32 {
  return is4Level() ? walkOneIn<Amd64>(rootGfn) : walkOneIn<Amd64La57>(rootGfn);
}
