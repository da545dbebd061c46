/**
 * A sweep over physical memory: which segment counts where. Where segments overlap, the first in the table does.
 *
 * It takes the time of sorting the segments, however they overlap.
 */

import { PriorityQueue } from "./priority-queue.js";
import type { SegmentTable } from "./segment-table.js";

/** Told, ascending and without overlap, that segment `winner` (by index) counts for the memory from `pa` to `end`. */
export type OnStretch = (pa: number, end: number, winner: number) => void;

/** Answers whether any two segments overlap. */
export function sweep(segments: SegmentTable, onStretch: OnStretch): boolean {
  const ascending = indicesByPa(segments);
  const begun = new PriorityQueue();
  let overlapping = false;
  let furthestEnd = 0;
  let pa = 0;
  for (let next = 0; next < ascending.length || begun.length > 0; ) {
    if (begun.length === 0) pa = Math.max(pa, segments.pa(ascending[next]));
    for (; next < ascending.length && segments.pa(ascending[next]) <= pa; next++) {
      const index = ascending[next];
      if (pa < furthestEnd) overlapping = true;
      furthestEnd = Math.max(furthestEnd, segments.end(index));
      begun.add(index);
    }
    const winner = begun.first;
    const end = Math.min(segments.end(winner), next < ascending.length ? segments.pa(ascending[next]) : Number.POSITIVE_INFINITY);
    onStretch(pa, end, winner);
    pa = end;
    while (begun.length > 0 && segments.end(begun.first) <= pa) begun.removeFirst();
  }
  return overlapping;
}

function indicesByPa(segments: SegmentTable): Uint32Array {
  const indices = new Uint32Array(segments.length);
  let sorted = true;
  for (let i = 0; i < indices.length; i++) {
    indices[i] = i;
    if (i > 0 && segments.pa(i) < segments.pa(i - 1)) sorted = false;
  }
  return sorted ? indices : indices.sort((a, b) => segments.pa(a) - segments.pa(b));
}
