/**
 * Frames of a dump in runs: how many there are to look at, in which batches, and where memory ends.
 */

import * as layout from "../../core/layout.js";
import type { FrameRun } from "../../model/dump.js";

/** This part of the frames decides where memory ends: a ROM far above it does not. */
const MOST_FRAMES = 0.99;
/** A dump that holds less of the memory below that end is one of tables alone, say: its frames do not tell where memory ends. */
const DENSE = 0.5;
/** The end of memory where the dump does not tell: 1 TiB. */
const UNTOLD_LIMIT = 2 ** 28;

/** The GFN behind the last frame of memory, as far as the dump tells. */
export function frameLimit(runs: readonly FrameRun[], total: number): number {
  let held = 0;
  for (const { gfn, count } of runs) {
    held += count;
    if (held < total * MOST_FRAMES) continue;
    return held / (gfn + count) >= DENSE ? gfn + count : UNTOLD_LIMIT;
  }
  return UNTOLD_LIMIT;
}

/** Ascending frames as runs. */
export function runsOf(gfns: readonly number[]): readonly FrameRun[] {
  const runs: { gfn: number; count: number }[] = [];
  for (const gfn of gfns) {
    const last = runs.at(-1);
    if (last && last.gfn + last.count === gfn) last.count++;
    else runs.push({ gfn, count: 1 });
  }
  return runs;
}

/** The runs in pieces, several to a batch where they are short. */
export function* chunksOf(runs: readonly FrameRun[]): Generator<readonly FrameRun[]> {
  let chunk: FrameRun[] = [];
  let room = layout.READS_LENGTH;
  for (const run of runs) {
    for (let from = 0; from < run.count; ) {
      const count = Math.min(room, run.count - from);
      chunk.push({ gfn: run.gfn + from, count });
      from += count;
      room -= count;
      if (room > 0) continue;
      yield chunk;
      chunk = [];
      room = layout.READS_LENGTH;
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** Writes the frames of a batch one after the other; answers how many. */
export function fillIn(gfns: Float64Array, chunk: readonly FrameRun[]): number {
  let place = 0;
  for (const { gfn, count } of chunk) for (let i = 0; i < count; i++) gfns[place++] = gfn + i;
  return place;
}
