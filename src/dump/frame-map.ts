/**
 * Where in the file a frame lies: pieces of physical memory, ascending and without overlap, each in one stretch of the file.
 *
 * Built once from the segments; where they overlap, the first in the table counts. The rule: a frame is held when all its
 * bytes are, from one piece or several, whatever their alignment.
 */

import { FRAME_SIZE } from "../model/address.js";
import type { FrameRun } from "../model/dump.js";
import type { SegmentTable } from "./segment-table.js";
import { sweep } from "./sweep.js";

export class FrameMap {
  /** Some memory is in two segments: in the same place of the file, or in two. */
  readonly overlapping: boolean;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #offsets: Float64Array;
  readonly #length: number;
  /** The piece found last: frames are mostly asked for in order. */
  #last = 0;

  constructor(segments: SegmentTable) {
    const pieces = new Pieces(segments.length);
    this.overlapping = sweep(segments, (pa, end, winner) => pieces.add(pa, end, segments.offset(winner) + (pa - segments.pa(winner))));
    this.#starts = pieces.starts;
    this.#ends = pieces.ends;
    this.#offsets = pieces.offsets;
    this.#length = pieces.length;
  }

  /** Where frame `gfn` begins in the file, where it lies there in one stretch; -1 where it does not. */
  offsetOf(gfn: number): number {
    const pa = gfn * FRAME_SIZE;
    const piece = this.#pieceAt(pa);
    return piece >= 0 && this.#ends[piece] >= pa + FRAME_SIZE ? this.#offsets[piece] + (pa - this.#starts[piece]) : -1;
  }

  /** How many frames from `gfn` on lie in the file one after the other; 0 where not even that one does. */
  framesFrom(gfn: number): number {
    const pa = gfn * FRAME_SIZE;
    const piece = this.#pieceAt(pa);
    return piece < 0 ? 0 : Math.floor((this.#ends[piece] - pa) / FRAME_SIZE);
  }

  /** The stretches of the file that make up frame `gfn`, in order; undefined where the dump does not hold all of it. */
  partsOf(gfn: number): readonly FramePart[] | undefined {
    const start = gfn * FRAME_SIZE;
    const end = start + FRAME_SIZE;
    const parts: FramePart[] = [];
    for (let pa = start, piece = this.#pieceAt(pa); ; piece++) {
      if (piece < 0 || piece >= this.#length || this.#starts[piece] > pa) return undefined;
      const partEnd = Math.min(this.#ends[piece], end);
      parts.push({ offset: this.#offsets[piece] + (pa - this.#starts[piece]), from: pa - start, to: partEnd - start });
      if (partEnd === end) return parts;
      pa = partEnd;
    }
  }

  /** The frames held whole, ascending, in maximal runs. */
  runs(): FrameRun[] {
    const runs: FrameRun[] = [];
    for (let first = 0; first < this.#length; ) {
      let last = first;
      while (last + 1 < this.#length && this.#starts[last + 1] === this.#ends[last]) last++;
      const gfn = Math.ceil(this.#starts[first] / FRAME_SIZE);
      const count = Math.floor(this.#ends[last] / FRAME_SIZE) - gfn;
      if (count > 0) runs.push({ gfn, count });
      first = last + 1;
    }
    return runs;
  }

  /** The piece with `pa` in it, -1 where there is none. */
  #pieceAt(pa: number): number {
    for (let piece = this.#last; piece < this.#last + 2 && piece < this.#length; piece++) {
      if (this.#starts[piece] <= pa && pa < this.#ends[piece]) {
        this.#last = piece;
        return piece;
      }
    }
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ends[middle] <= pa) low = middle + 1;
      else high = middle;
    }
    if (low >= this.#length || this.#starts[low] > pa) return -1;
    this.#last = low;
    return low;
  }
}

/** Bytes `from` to `to` of a frame lie in the file at `offset`. */
export interface FramePart {
  readonly offset: number;
  readonly from: number;
  readonly to: number;
}

class Pieces {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly offsets: Float64Array;
  length = 0;

  constructor(segmentCount: number) {
    // A piece ends where a segment begins or ends.
    const capacity = 2 * segmentCount;
    this.starts = new Float64Array(capacity);
    this.ends = new Float64Array(capacity);
    this.offsets = new Float64Array(capacity);
  }

  add(start: number, end: number, offset: number): void {
    const last = this.length - 1;
    if (last >= 0 && this.ends[last] === start && this.offsets[last] + (start - this.starts[last]) === offset) {
      this.ends[last] = end;
      return;
    }
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.offsets[this.length] = offset;
    this.length++;
  }
}
