/**
 * What of the events is looked at, and how it falls on lanes and steps.
 *
 * One pass over the columns gives the rows of the list and the counts of the timeline. The timeline leaves the filters by step and
 * lane aside, since it is what they are chosen on. Passes are cut in slices of a few milliseconds, so that a million
 * rows hold up no frame; a newer pass stops an older one.
 */

import { type Chunk, EVENT_TYPES, type EventStore, type EventType } from "./events.js";
import { type Lane, namedRanges, type PageRange, regionLane, regionsOf, tagLane, tagsOf } from "./lanes.js";
import type { Watch } from "./watch-list.js";

export interface StepRange {
  /** Both included. */
  readonly from: number;
  readonly to: number;
}

export interface Filter {
  /** Empty: all. */
  readonly types: readonly EventType[];
  /** A lane's key. */
  readonly lane: string | undefined;
  readonly range: PageRange | undefined;
  readonly steps: StepRange | undefined;
}

export interface Question {
  readonly store: EventStore;
  /** Dumps, the first among them. */
  readonly steps: number;
  readonly filter: Filter;
  /** Rows carry tags: a list is watched. Else `watches` names ranges. */
  readonly isTagged: boolean;
  readonly watches: readonly Watch[];
}

export interface FilteredEvents {
  /** Matching rows, ascending. */
  readonly rows: Uint32Array;
  readonly lanes: readonly Lane[];
  readonly tally: Tally;
  /** Rows of each step and type that match all but the filter by step: [step * types + type]. */
  readonly counts: Uint32Array;
}

/** Pages by lane, step and type. */
export class Tally {
  readonly lanes: number;
  readonly steps: number;
  readonly #pages: Float64Array;
  /** The most that one cell of the timeline holds. */
  largest = 0;

  constructor(lanes: number, steps: number) {
    this.lanes = lanes;
    this.steps = steps;
    this.#pages = new Float64Array(lanes * steps * EVENT_TYPES.length);
  }

  add(lane: number, step: number, type: number, pages: number): void {
    const at = (lane * this.steps + step) * EVENT_TYPES.length + type;
    this.#pages[at] = (this.#pages[at] as number) + pages;
    if ((this.#pages[at] as number) > this.largest) this.largest = this.#pages[at] as number;
  }

  at(lane: number, step: number, type: number): number {
    return this.#pages[(lane * this.steps + step) * EVENT_TYPES.length + type] as number;
  }
}

const PAGE_IN = EVENT_TYPES.indexOf("page-in");
const PAGE_OUT = EVENT_TYPES.indexOf("page-out");
const REMAP = EVENT_TYPES.indexOf("remap");
/** Longest that the page is held up. */
const SLICE_MILLISECONDS = 5;
/** Extents are told apart by page table: 512 pages. Within a smaller range, finer. */
const COARSEST_GRAIN = 512;
const MOST_EXTENTS = 65_536;

export async function filterEvents(question: Question, signal: AbortSignal): Promise<FilteredEvents> {
  const pace = new Pace(signal);
  const plan = await planLanes(question, pace);
  const { store, filter, steps } = question;
  const tally = new Tally(plan.lanes.length, steps);
  const counts = new Uint32Array(steps * EVENT_TYPES.length);
  const wanted = EVENT_TYPES.map((type) => filter.types.length === 0 || filter.types.includes(type));
  const onlyLane = filter.lane === undefined ? -1 : plan.lanes.findIndex(({ key }) => key === filter.lane);
  const { from: firstPage, to: endPage } = filter.range ?? { from: 0, to: Number.POSITIVE_INFINITY };
  const { from: firstStep, to: lastStep } = filter.steps ?? { from: 0, to: Number.POSITIVE_INFINITY };
  const total = store.length;
  const rows = new Uint32Array(total);
  let matching = 0;
  let previousOut = -1;
  for (let row = 0; row < total; row++) {
    if (row % ROWS_A_BREATH === 0) await pace.breathe();
    const { chunk, place } = store.at(row);
    const type = chunk.type[place] as number;
    const page = chunk.page[place] as number;
    if (!wanted[type] || page >= endPage || page + (chunk.pages[place] as number) <= firstPage) continue;
    const lane = plan.laneOf(chunk, place);
    const step = chunk.step[place] as number;
    const pages = chunk.pages[place] as number;
    if (lane >= 0) {
      // A watched page that moves leaves one frame and comes in another: two rows of one address, one mark of the timeline.
      if (type === PAGE_IN && previousOut === row - 1 && isSamePlace(store, row)) {
        tally.add(lane, step, PAGE_OUT, -pages);
        tally.add(lane, step, REMAP, pages);
      } else {
        tally.add(lane, step, type, pages);
      }
    }
    if (type === PAGE_OUT) previousOut = row;
    if (onlyLane >= 0 && lane !== onlyLane) continue;
    counts[step * EVENT_TYPES.length + type] = (counts[step * EVENT_TYPES.length + type] as number) + 1;
    if (step < firstStep || step > lastStep) continue;
    rows[matching++] = row;
  }
  return { rows: rows.slice(0, matching), lanes: plan.lanes, tally, counts };
}

/** A page-in right after the page-out of the same address and step. */
export function isSamePlace(store: EventStore, row: number): boolean {
  if (row === 0) return false;
  const { chunk, place } = store.at(row);
  if (chunk.tag[place] === 0) return false;
  const before = store.at(row - 1);
  return before.chunk.va[before.place] === chunk.va[place] && before.chunk.step[before.place] === chunk.step[place];
}

interface LanePlan {
  readonly lanes: readonly Lane[];
  /** Place among the lanes; -1 where the row is on none. */
  laneOf(chunk: Chunk, place: number): number;
}

async function planLanes(question: Question, pace: Pace): Promise<LanePlan> {
  return question.isTagged ? tagPlan(question.watches) : regionPlan(question, pace);
}

function tagPlan(watches: readonly Watch[]): LanePlan {
  const named = namedRanges(watches);
  const lanes = tagsOf(watches).map((title, tag) => {
    const own = named.filter((range) => range.tag === tag);
    return tagLane(tag, title, own[0]?.from ?? 0, own.at(-1)?.to ?? 0);
  });
  return { lanes, laneOf: (chunk, place) => (chunk.tag[place] as number) - 1 };
}

async function regionPlan({ store, filter, watches }: Question, pace: Pace): Promise<LanePlan> {
  const tags = tagsOf(watches);
  const named = namedRanges(watches).filter(({ from, to }) => !filter.range || (from < filter.range.to && filter.range.from < to));
  const grain = filter.range ? grainOf(filter.range) : COARSEST_GRAIN;
  const used = new Set<number>();
  const ends = new Map<number, number>();
  let lastBlock = -1;
  for (let row = 0; row < store.length; row++) {
    if (row % ROWS_A_BREATH === 0) await pace.breathe();
    const { chunk, place } = store.at(row);
    const page = chunk.page[place] as number;
    const end = page + (chunk.pages[place] as number);
    if (filter.range && (page >= filter.range.to || end <= filter.range.from)) continue;
    const inNamed = rangeAt(named, page);
    if (inNamed >= 0) {
      used.add(inNamed);
      continue;
    }
    const block = Math.floor(page / grain);
    const endBlock = Math.ceil(end / grain);
    if (block === lastBlock && (ends.get(block) as number) >= endBlock) continue;
    lastBlock = block;
    ends.set(block, Math.max(ends.get(block) ?? 0, endBlock));
  }
  const regions = regionsOf(mergeExtents(ends, grain), undefined, grain);
  const ranges: (PageRange & { readonly lane: Lane })[] = [
    ...named
      .filter((_, i) => used.has(i))
      .map((range) => ({ ...range, lane: tagLane(range.tag, tags[range.tag] as string, range.from, range.to) })),
    ...regions.map((range) => ({ ...range, lane: regionLane(range) })),
  ].sort((a, b) => a.from - b.from);
  const lanes = uniqueLanes(ranges.map(({ lane }) => lane));
  const indexes = ranges.map(({ lane }) => lanes.findIndex(({ key }) => key === lane.key));
  const namedPlaces = ranges.map((range, i) => ({ ...range, index: indexes[i] as number }));
  const tagged = namedPlaces.filter(({ lane }) => lane.type === "tag");
  const untagged = namedPlaces.filter(({ lane }) => lane.type === "region");
  return {
    lanes,
    laneOf(chunk, place) {
      const page = chunk.page[place] as number;
      const inTag = rangeAt(tagged, page);
      if (inTag >= 0) return (tagged[inTag] as { index: number }).index;
      const inRegion = rangeAt(untagged, page);
      return inRegion < 0 ? -1 : (untagged[inRegion] as { index: number }).index;
    },
  };
}

/** Several ranges may carry one tag: one lane. */
function uniqueLanes(lanes: readonly Lane[]): Lane[] {
  return lanes.filter((lane, i) => lanes.findIndex(({ key }) => key === lane.key) === i);
}

function grainOf({ from, to }: PageRange): number {
  return Math.max(1, Math.min(COARSEST_GRAIN, Math.ceil((to - from) / MOST_EXTENTS)));
}

/** Blocks by start and end, as extents in pages. */
export function mergeExtents(ends: ReadonlyMap<number, number>, grain: number): PageRange[] {
  const blocks = Float64Array.from(ends.keys()).sort();
  const extents: { from: number; to: number }[] = [];
  for (const block of blocks) {
    const end = (ends.get(block) as number) * grain;
    const last = extents.at(-1);
    if (last !== undefined && block * grain <= last.to) last.to = Math.max(last.to, end);
    else extents.push({ from: block * grain, to: end });
  }
  return extents;
}

/** The place of the range that holds `page`; ranges are ascending and apart. */
export function rangeAt(ranges: readonly PageRange[], page: number): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle] as PageRange;
    if (page < range.from) high = middle - 1;
    else if (page >= range.to) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** Rows between two looks at the clock where a row costs little. */
export const ROWS_A_BREATH = 4096;

/** Lets the page draw whenever its slice is used up. */
export class Pace {
  readonly #signal: AbortSignal;
  #sliceStart = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async breathe(): Promise<void> {
    this.#signal.throwIfAborted();
    if (performance.now() - this.#sliceStart < SLICE_MILLISECONDS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#signal.throwIfAborted();
    this.#sliceStart = performance.now();
  }
}
