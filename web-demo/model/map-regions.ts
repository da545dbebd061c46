/**
 * The regions of a map: what is mapped at a step and what changed in it, cut at the widest gaps, each with what a line of pixels
 * needs to know of it.
 */

import { type EventStore, EXECUTE, WRITE } from "./events.js";
import { mergeExtents, type Pace, ROWS_A_BREATH } from "./filter.js";
import { type PageRange, regionsOf } from "./lanes.js";

/** All that a root maps in one dump. */
export interface SpaceMap {
  readonly length: number;
  /** First page of each stretch, ascending. */
  readonly page: Float64Array;
  readonly pages: Float64Array;
  readonly access: Uint8Array;
  /** Blocks of 512 pages that are touched: where a stretch begins, and the block behind its end. */
  readonly blockEnds: ReadonlyMap<number, number>;
  readonly mappedPages: number;
  /** Stretches both writable and executable. */
  readonly writableExecutable: number;
  /** There are more stretches than a map can show. */
  readonly isCut: boolean;
}

export interface MapRegion extends PageRange {
  readonly mappedPages: number;
  readonly changes: number;
  readonly isUser: boolean;
  readonly writableExecutable: number;
}

const MOST_REGIONS = 20;
const GRAIN = 512;
const UPPER_HALF_PAGE = 2 ** 51;

/** Rows of one step: half-open. Rows are ascending by step. */
export function rowsOfStep(store: EventStore, step: number): { readonly from: number; readonly to: number } {
  return { from: firstRowFrom(store, step), to: firstRowFrom(store, step + 1) };
}

/** Over a million stretches in strides: the page draws in between. */
export async function mapRegions(map: SpaceMap, store: EventStore, step: number, pace: Pace): Promise<readonly MapRegion[]> {
  const ends = new Map(map.blockEnds);
  const { from, to } = rowsOfStep(store, step);
  for (let row = from; row < to; row++) {
    if (row % ROWS_A_BREATH === 0) await pace.breathe();
    const { chunk, place } = store.at(row);
    const page = chunk.page[place] as number;
    const block = Math.floor(page / GRAIN);
    const endBlock = Math.ceil((page + (chunk.pages[place] as number)) / GRAIN);
    if ((ends.get(block) ?? 0) < endBlock) ends.set(block, endBlock);
  }
  const bounds = regionsOf(mergeExtents(ends, GRAIN), MOST_REGIONS, GRAIN);
  let at = 0;
  let row = from;
  const regions: MapRegion[] = [];
  for (const bound of bounds) {
    let [first, last] = [Number.POSITIVE_INFINITY, 0];
    let [mappedPages, writableExecutable, changes] = [0, 0, 0];
    for (; at < map.length && (map.page[at] as number) < bound.to; at++) {
      if (at % ROWS_A_BREATH === 0) await pace.breathe();
      const page = map.page[at] as number;
      const pages = map.pages[at] as number;
      first = Math.min(first, page);
      last = page + pages;
      mappedPages += pages;
      if (isWritableExecutable(map.access[at] as number)) writableExecutable++;
    }
    for (; row < to; row++) {
      if (row % ROWS_A_BREATH === 0) await pace.breathe();
      const { chunk, place } = store.at(row);
      const page = chunk.page[place] as number;
      if (page >= bound.to) break;
      first = Math.min(first, page);
      last = Math.max(last, page + (chunk.pages[place] as number));
      changes++;
    }
    regions.push({ from: first, to: last, mappedPages, changes, isUser: first < UPPER_HALF_PAGE, writableExecutable });
  }
  return regions;
}

export function isWritableExecutable(access: number): boolean {
  return (access & (WRITE | EXECUTE)) === (WRITE | EXECUTE);
}

function firstRowFrom(store: EventStore, step: number): number {
  let low = 0;
  let high = store.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { chunk, place } = store.at(middle);
    if ((chunk.step[place] as number) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}
