/**
 * The events of a replay as `--json` prints them: an object a line, each with the step and the dump it was seen in.
 *
 * Written column by column, without an object an event: a step may have millions.
 */

import type { EventColumns } from "../../model/event.js";
import { FAULTS } from "../../model/translation.js";

/** Lines, one an event. */
export function* eventLines(step: number, dump: string, events: EventColumns): Generator<string> {
  const head = `{"step":${step},"dump":${JSON.stringify(dump)},"type":`;
  const tags = events.tags.map((tag) => JSON.stringify(tag));
  const faults = FAULTS.map((fault) => (fault === undefined ? "" : `,"fault":"${fault}"`));
  for (let i = 0; i < events.length; i++) {
    const type = events.type[i] === 1 ? "page-in" : "page-out";
    const place = `"va":"${hexAt(events.va, i)}","root":"${hexAt(events.root, i)}","view":${events.view[i] ?? 0}`;
    const page = `"pa":"${hexAt(events.pa, i)}","pageSize":${events.pageSize[i] ?? 0}`;
    yield `${head}"${type}",${place},${page},"tag":${tags[events.tagIndex[i] ?? 0]}${faults[events.fault[i] ?? 0]}}\n`;
  }
}

function hexAt(column: BigUint64Array, i: number): string {
  return `0x${(column[i] ?? 0n).toString(16)}`;
}
