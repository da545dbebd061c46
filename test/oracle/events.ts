/** The naive monitor's events: the net difference of one call, in order, as objects and as columns. Rule 4. */

import type { EventColumns, PageTableMonitorEvent } from "../../src/model/event.js";
import { FAULTS } from "../../src/model/translation.js";
import type { MonitoredAddress } from "./monitor.js";
import type { WalkResult } from "./walker.js";

/** Compares each address as it stands with what it was found to be. */
export function eventsOf<Tag>(walkedAnew: ReadonlyMap<MonitoredAddress<Tag>, WalkResult>): PageTableMonitorEvent<Tag>[] {
  const ordered = [...walkedAnew].sort(([a], [b]) => compare(a.view, b.view) || compare(a.root, b.root) || compare(a.va, b.va));
  const events: PageTableMonitorEvent<Tag>[] = [];
  for (const [{ va, root, view, tag, result: before }, after] of ordered) {
    if (before.pa === after.pa) {
      continue;
    }
    if (before.pa !== undefined) {
      events.push({ type: "page-out", va, root, view, tag, pa: before.pa, pageSize: before.pageSize as number, fault: after.fault });
    }
    if (after.pa !== undefined) {
      events.push({ type: "page-in", va, root, view, tag, pa: after.pa, pageSize: after.pageSize as number, fault: undefined });
    }
  }
  return events;
}

/** The column form of events, a tag standing once however many have it. */
export function toColumns<Tag>(events: readonly PageTableMonitorEvent<Tag>[]): EventColumns<Tag> {
  const numbers = new Map<Tag, number>();
  for (const { tag } of events) {
    if (!numbers.has(tag)) {
      numbers.set(tag, numbers.size);
    }
  }
  return {
    length: events.length,
    type: Uint8Array.from(events, (event) => (event.type === "page-in" ? 1 : 0)),
    fault: Uint8Array.from(events, (event) => FAULTS.indexOf(event.fault)),
    va: BigUint64Array.from(events, (event) => event.va),
    root: BigUint64Array.from(events, (event) => event.root),
    pa: BigUint64Array.from(events, (event) => event.pa),
    view: Uint16Array.from(events, (event) => event.view),
    pageSize: Uint32Array.from(events, (event) => event.pageSize),
    tagIndex: Uint32Array.from(events, (event) => numbers.get(event.tag) as number),
    tags: [...numbers.keys()],
  };
}

/** The array form of columns, for comparing the two. */
export function fromColumns<Tag>(columns: EventColumns<Tag>): PageTableMonitorEvent<Tag>[] {
  return Array.from({ length: columns.length }, (_unused, i) => ({
    type: columns.type[i] === 1 ? "page-in" : "page-out",
    va: columns.va[i] as bigint,
    root: columns.root[i] as bigint,
    view: columns.view[i] as number,
    tag: columns.tags[columns.tagIndex[i] as number] as Tag,
    pa: columns.pa[i] as bigint,
    pageSize: columns.pageSize[i] as number,
    fault: FAULTS[columns.fault[i] as number],
  }));
}

function compare(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
