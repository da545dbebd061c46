/**
 * Which segments give the same memory two places in the file.
 *
 * A segment loses memory to each one that counts for it in its stead; two that mean the same bytes of the file agree. The
 * rule: every pair that contradicts is told once, however often it does. Segments can be laid so that there are as many pairs
 * as the square of their number, hence a bound on comparisons.
 */

import type { SegmentTable } from "./segment-table.js";
import { sweep } from "./sweep.js";

/** Told of two segments (by index): the memory from `pa` on, the first of several such stretches, is what `winner` says. */
export type OnContradiction = (winner: number, loser: number, pa: number) => void;

/** Besides one for each segment. */
const MAXIMUM_COMPARISONS = 2 ** 18;

/** Tells them by loser, in the order of the table. Answers how many segments were compared: fewer than all where the bound is met. */
export function findContradictions(segments: SegmentTable, onContradiction: OnContradiction): number {
  const { length } = segments;
  /** Equal for two segments exactly where they agree. */
  const deltas = Float64Array.from({ length }, (_, i) => segments.offset(i) - segments.pa(i));
  const stretches = new Stretches(segments, deltas);
  /** By winner: the loser that was last told of it. None is 0, which loses to nobody. */
  const lastLosers = new Uint32Array(length);
  let comparisonsLeft = length + MAXIMUM_COMPARISONS;
  for (let loser = 0; loser < length; loser++) {
    const pa = segments.pa(loser);
    const end = segments.end(loser);
    for (let i = stretches.at(pa); i < stretches.length && stretches.starts[i] < end; ) {
      if (comparisonsLeft === 0) return loser;
      comparisonsLeft--;
      const winner = stretches.winners[i];
      if (deltas[winner] === deltas[loser]) {
        i = stretches.others[i];
        continue;
      }
      if (lastLosers[winner] !== loser) onContradiction(winner, loser, Math.max(pa, stretches.starts[i]));
      lastLosers[winner] = loser;
      i++;
    }
  }
  return length;
}

/** Which segment counts from where on; what no segment has is passed over, since no segment asks for it. */
class Stretches {
  readonly starts: Float64Array;
  readonly winners: Uint32Array;
  /** The next stretch whose winner does not agree with this one's. */
  readonly others: Uint32Array;
  length = 0;

  constructor(segments: SegmentTable, deltas: Float64Array) {
    // A stretch ends where a segment begins or ends.
    const capacity = 2 * segments.length;
    this.starts = new Float64Array(capacity);
    this.winners = new Uint32Array(capacity);
    this.others = new Uint32Array(capacity);
    sweep(segments, (pa, _end, winner) => {
      if (this.length > 0 && this.winners[this.length - 1] === winner) return;
      this.starts[this.length] = pa;
      this.winners[this.length] = winner;
      this.length++;
    });
    for (let i = this.length - 1; i >= 0; i--) {
      const agrees = i + 1 < this.length && deltas[this.winners[i]] === deltas[this.winners[i + 1]];
      this.others[i] = agrees ? this.others[i + 1] : i + 1;
    }
  }

  /** The stretch with `pa` in it, which some segment has. */
  at(pa: number): number {
    let low = 0;
    let high = this.length;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.starts[middle] <= pa) low = middle;
      else high = middle;
    }
    return low;
  }
}
