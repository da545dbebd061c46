/**
 * Events of one step as stretches of addresses: neighbours to which the same thing happened.
 *
 * A page-out and a page-in of one address in one step are a move: the address is backed before and after, by another
 * frame.
 */

import { FRAME_SIZE } from "../../model/address.js";
import type { EventColumns } from "../../model/event.js";
import type { Fault } from "../../model/translation.js";
import { FAULTS } from "../../model/translation.js";

export type StretchKind = "in" | "out" | "move";

export interface Stretch {
  readonly kind: StretchKind;
  readonly tag: string;
  /** First address of the stretch. */
  readonly va: bigint;
  /** End of the page of the last address. */
  readonly end: bigint;
  /** Addresses, one a page. */
  readonly pages: number;
  /** Of the leaves that came (or went, where they only went). */
  readonly pageSize: number;
  readonly fault: Fault | undefined;
}

const PAGE_IN = 1;
const PAGE_BYTES = BigInt(FRAME_SIZE);
const PAGE_MASK = ~(PAGE_BYTES - 1n);

/** Maximal stretches, in the order of the events, which come ascending by address. */
export function* stretches(events: EventColumns): Generator<Stretch> {
  let open: { -readonly [K in keyof Stretch]: Stretch[K] } | undefined;
  for (let i = 0; i < events.length; i++) {
    const isMove = events.type[i] !== PAGE_IN && i + 1 < events.length && isSameAddress(events, i, i + 1);
    const kind = isMove ? "move" : events.type[i] === PAGE_IN ? "in" : "out";
    const row = isMove ? i + 1 : i;
    const va = events.va[row] as bigint;
    const tag = events.tags[events.tagIndex[row] as number] as string;
    const pageSize = events.pageSize[row] as number;
    const fault = FAULTS[events.fault[row] as number];
    const end = (va & PAGE_MASK) + PAGE_BYTES;
    if (open?.end === va && open.kind === kind && open.tag === tag && open.pageSize === pageSize && open.fault === fault) {
      open.end = end;
      open.pages++;
    } else {
      if (open !== undefined) yield open;
      open = { kind, tag, va, end, pages: 1, pageSize, fault };
    }
    i = row;
  }
  if (open !== undefined) yield open;
}

function isSameAddress(events: EventColumns, i: number, j: number): boolean {
  return events.va[i] === events.va[j] && events.root[i] === events.root[j] && events.view[i] === events.view[j];
}

/** What happened to one tag in one step, in one way. */
export interface StretchGroup {
  readonly kind: StretchKind;
  readonly tag: string;
  readonly stretches: number;
  readonly pages: number;
  /** The largest of them, ascending by address. */
  readonly shown: readonly Stretch[];
}

/**
 * Groups by tag and kind, in the order in which they first occur. `limit` stretches of each are shown, the largest;
 * where just one would be left out, that one too.
 */
export function groupStretches(all: Iterable<Stretch>, limit: number): readonly StretchGroup[] {
  const groups = new Map<string, { kind: StretchKind; tag: string; stretches: number; pages: number; shown: Stretch[] }>();
  for (const stretch of all) {
    const key = `${stretch.kind} ${stretch.tag}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { kind: stretch.kind, tag: stretch.tag, stretches: 0, pages: 0, shown: [] };
      groups.set(key, group);
    }
    group.stretches++;
    group.pages += stretch.pages;
    keepLargest(group.shown, stretch, limit + 1);
  }
  for (const group of groups.values()) {
    if (group.stretches > group.shown.length) dropSmallest(group.shown);
  }
  return [...groups.values()];
}

/** `shown` stays in the order of addresses, at most `limit`; the smallest makes room, of equals the last. */
function keepLargest(shown: Stretch[], stretch: Stretch, limit: number): void {
  shown.push(stretch);
  if (shown.length > limit) dropSmallest(shown);
}

function dropSmallest(shown: Stretch[]): void {
  let smallest = shown.length - 1;
  for (let i = smallest - 1; i >= 0; i--) {
    if ((shown[i] as Stretch).pages < (shown[smallest] as Stretch).pages) smallest = i;
  }
  shown.splice(smallest, 1);
}
