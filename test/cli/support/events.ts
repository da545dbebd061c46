/** Events as columns, from objects. */

import type { EventColumns, PageTableMonitorEvent } from "../../../src/model/event.js";
import { FAULTS } from "../../../src/model/translation.js";

export type PlainEvent = PageTableMonitorEvent;

export function columnsOf(events: readonly PlainEvent[]): EventColumns {
  const tags = [...new Set(events.map((event) => event.tag))];
  return {
    length: events.length,
    type: Uint8Array.from(events, (event) => (event.type === "page-in" ? 1 : 0)),
    fault: Uint8Array.from(events, (event) => FAULTS.indexOf(event.fault)),
    va: BigUint64Array.from(events, (event) => event.va),
    root: BigUint64Array.from(events, (event) => event.root),
    pa: BigUint64Array.from(events, (event) => event.pa),
    view: Uint16Array.from(events, (event) => event.view),
    pageSize: Uint32Array.from(events, (event) => event.pageSize),
    tagIndex: Uint32Array.from(events, (event) => tags.indexOf(event.tag)),
    tags,
  };
}
