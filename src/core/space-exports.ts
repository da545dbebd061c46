/**
 * What the core exports for whole address spaces, typed. Pointers as in `CoreExports`.
 */
export interface SpaceExports {
  beginSpaces(most: number): void;
  extendMemory(bytes: number): void;
  createCursor(): number;
  releaseCursor(cursor: number): void;
  absorbFrames(): number;
  absorbPairs(cursor: number): number;
  compareSpace(cursor: number, capacity: number): number;
  listSpace(cursor: number, capacity: number): number;
  sumSpace(cursor: number): number;
  scanFrames(count: number): number;
  siftFrames(count: number): number;
  rootEntries(cursor: number): number;
  classBlock(gfn: number): number;
  judgeRoot(gfn: number, mode: number): number;
}
