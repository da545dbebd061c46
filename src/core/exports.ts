/**
 * What the core exports, typed. Pointers are byte offsets into the core's memory, and leave src/core,
 * src/monitor and src/space in no answer; those of 2^31 and above arrive negative and are made unsigned where they are kept.
 */

import type { SpaceExports } from "./space-exports.js";

export interface CoreExports extends SpaceExports {
  initialize(bytes: number, mode: number): void;
  allocate(log2: number): number;
  release(block: number, log2: number): void;

  createSpace(id: number, view: number, rootGfn: number): number;
  releaseSpace(space: number): void;
  emptySpace(space: number): void;
  noteTags(space: number, bits: number): void;
  resetMonitor(): void;

  ascends(count: number): number;
  firstNonCanonical(count: number, bits: number): number;
  takeIn(space: number, count: number): number;
  settleOne(space: number): number;
  settleTaken(space: number, count: number): void;
  giveBack(space: number, references: number): number;
  giveBackMany(space: number, count: number): void;
  lookUp(space: number): number;

  beginRounds(rounds: number): number;
  resumeRounds(count: number, rounds: number): number;
  nextReads(): number;
  abandonReads(): void;
  abandonTouched(): void;
  sweep(): number;
  forgetTable(table: number): void;

  mark(vcpu: number, view: number, gfn: number, entry: number): number;
  markRange(vcpu: number, view: number, gfn: number, first: number, last: number): number;
  countMonitored(view: number, firstGfn: number, lastGfn: number): number;
  collectMarked(vcpu: number): number;
  collectRange(view: number, firstGfn: number, lastGfn: number): number;
  clearMarks(vcpu: number): void;
  clearAllMarks(): void;

  listTables(): void;
  nextTables(): number;
  diffReads(count: number, entries: number): number;
  affect(): number;
  affectSpace(space: number): number;
  collectSpace(space: number): number;
  commitChanges(): void;
  restand(): void;
  undo(changes: number): void;
  endProcessing(): void;
  listMoves(): number;
  move(): void;
  releaseScratch(): void;
  beginNarration(): number;
  narrate(): number;

  walkBatch(rootGfn: number, count: number, parked: number): number;
  walkOne(rootGfn: number): number;
  listWanted(): void;
  nextWanted(): number;
  keepFrames(count: number): number;
  dropFrames(): void;

  diffTable(before: number, after: number, mask: number, out: number): number;
}
