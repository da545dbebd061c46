/**
 * Events out of the core's window: as columns, and as objects where somebody wants objects.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import { EVENT_TYPES, type EventColumns, type PageTableMonitorEvent } from "../model/event.js";
import { FAULTS } from "../model/translation.js";
import type { Spaces } from "./spaces.js";

/** One window of rows, copied out of the core. */
interface Rows {
  readonly length: number;
  readonly type: Uint8Array;
  readonly fault: Uint8Array;
  readonly va: BigUint64Array;
  readonly pa: BigUint64Array;
  readonly pageSize: Uint32Array;
  readonly tagIndex: Uint32Array;
  readonly space: Uint32Array;
}

/** Drains the core's narration. `mixed`: spaces whose events come from several tries and are to be put in order. */
export function drainEvents<Tag>(core: Core, spaces: Spaces, tags: readonly Tag[], mixed: ReadonlySet<number>): EventColumns<Tag> {
  let rows = drainRows(core, core.exports.beginNarration() >>> 0);
  if (mixed.size > 0) rows = reorder(rows, mixed);
  const root = new BigUint64Array(rows.length);
  const view = new Uint16Array(rows.length);
  forEachSpace(rows.space, (id, from, to) => {
    const space = spaces.byId(id);
    root.fill(space.root, from, to);
    if (space.view) view.fill(space.view, from, to);
  });
  const { length, type, fault, va, pa, pageSize, tagIndex } = rows;
  return { length, type, fault, va, root, pa, view, pageSize, tagIndex, tags };
}

/** The columns of no events. */
export function noEvents<Tag>(tags: readonly Tag[]): EventColumns<Tag> {
  const { length, type, fault, va, pa, pageSize, tagIndex } = makeRows(0);
  return { length, type, fault, va, root: new BigUint64Array(0), pa, view: new Uint16Array(0), pageSize, tagIndex, tags };
}

/** The same events, an object each. */
export function eventsOf<Tag>(columns: EventColumns<Tag>): PageTableMonitorEvent<Tag>[] {
  const { type, fault, va, root, pa, view, pageSize, tagIndex, tags } = columns;
  const events = new Array<PageTableMonitorEvent<Tag>>(columns.length);
  let sameRoot = 0n;
  for (let i = 0; i < columns.length; i++) {
    if (root[i] !== sameRoot) sameRoot = root[i];
    events[i] = {
      type: EVENT_TYPES[type[i]],
      va: va[i],
      root: sameRoot,
      view: view[i],
      pa: pa[i],
      pageSize: pageSize[i],
      tag: tags[tagIndex[i]],
      fault: FAULTS[fault[i]],
    };
  }
  return events;
}

/** All rows that the core has to tell, a window after the other. */
function drainRows(core: Core, length: number): Rows {
  const rows = makeRows(length);
  for (let at = 0; at < length; ) {
    const count = core.exports.narrate();
    if (count === 0) throw new Error(`the core told ${at} events of ${length}`); // never: it would be a mistake of the core
    at += copyWindow(core, rows, at, count);
  }
  return rows;
}

function makeRows(length: number): Rows {
  return {
    length,
    type: new Uint8Array(length),
    fault: new Uint8Array(length),
    va: new BigUint64Array(length),
    pa: new BigUint64Array(length),
    pageSize: new Uint32Array(length),
    tagIndex: new Uint32Array(length),
    space: new Uint32Array(length),
  };
}

/** Copies the window to rows from `at` on; answers its length. */
function copyWindow(core: Core, rows: Rows, at: number, count: number): number {
  const { buffer } = core.u8;
  rows.type.set(new Uint8Array(buffer, layout.EVENT_TYPE, count), at);
  rows.fault.set(new Uint8Array(buffer, layout.EVENT_FAULT, count), at);
  rows.va.set(new BigUint64Array(buffer, layout.EVENT_VA, count), at);
  rows.pa.set(new BigUint64Array(buffer, layout.EVENT_PA, count), at);
  rows.pageSize.set(new Uint32Array(buffer, layout.EVENT_SIZE, count), at);
  rows.tagIndex.set(new Uint32Array(buffer, layout.EVENT_TAG, count), at);
  rows.space.set(new Uint32Array(buffer, layout.EVENT_SPACE, count), at);
  return count;
}

/** Sorts the rows of the named spaces by VA; page-out stays before page-in, as it was. */
function reorder(rows: Rows, mixed: ReadonlySet<number>): Rows {
  const order = Uint32Array.from({ length: rows.length }, (_, i) => i);
  forEachSpace(rows.space, (id, from, to) => {
    if (!mixed.has(id)) return;
    const sorted = [...order.subarray(from, to)].sort((a, b) => (rows.va[a] < rows.va[b] ? -1 : rows.va[a] > rows.va[b] ? 1 : a - b));
    order.set(sorted, from);
  });
  return {
    length: rows.length,
    type: rows.type.map((_, i) => rows.type[order[i]]),
    fault: rows.fault.map((_, i) => rows.fault[order[i]]),
    va: rows.va.map((_, i) => rows.va[order[i]]),
    pa: rows.pa.map((_, i) => rows.pa[order[i]]),
    pageSize: rows.pageSize.map((_, i) => rows.pageSize[order[i]]),
    tagIndex: rows.tagIndex.map((_, i) => rows.tagIndex[order[i]]),
    space: rows.space,
  };
}

/** Calls `visit` for each run of rows of one space. */
function forEachSpace(space: Uint32Array, visit: (id: number, from: number, to: number) => void): void {
  for (let from = 0; from < space.length; ) {
    let to = from + 1;
    while (to < space.length && space[to] === space[from]) to++;
    visit(space[from], from, to);
    from = to;
  }
}
