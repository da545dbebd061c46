/**
 * What a monitor must say between two steps, from the guest's own word alone, in the order in which it must say it:
 * ascending by root and VA (there is one view), for one address page-out first. docs/events.md has the rules.
 */

import type { PageTableMonitorEvent } from "../../src/model/event.js";
import { hex } from "../../src/model/hex.js";
import { NOT_BACKED } from "../../src/model/translation.js";
import { PAGE, type Process, type Region, UNKNOWN_SIZE } from "./truth.js";

/** `pageSize` is undefined where the truth does not tell it. */
export type ExpectedEvent = Omit<PageTableMonitorEvent, "pageSize"> & { readonly pageSize: number | undefined };

/** The one view of a dump. */
export const VIEW = 0;

/** Names the page's region and whose it is. */
export function tagOf(process: Process, region: Region): string {
  return `${process.role} ${region.name}`;
}

/** Only processes and regions that are in both are watched across the step, and only of them events are expected. */
export function expectedEvents(before: readonly Process[], after: readonly Process[]): readonly ExpectedEvent[] {
  const events: ExpectedEvent[] = [];
  for (const now of after.toSorted((a, b) => compareBigInts(a.root, b.root))) {
    const then = before.find(({ root }) => root === now.root);
    if (then === undefined) continue;
    for (const region of now.regions.toSorted((a, b) => compareBigInts(a.start, b.start))) {
      const earlier = then.regions.find(({ start, pages }) => start === region.start && pages === region.pages);
      if (earlier !== undefined) addEventsOf(now, earlier, region, events);
    }
  }
  return events;
}

function addEventsOf(process: Process, before: Region, after: Region, events: ExpectedEvent[]): void {
  for (let page = 0; page < after.pages; page++) {
    const oldPa = before.pas[page];
    const newPa = after.pas[page];
    if (oldPa === newPa || oldPa === undefined || newPa === undefined) continue;
    const about = { view: VIEW, root: process.root, va: after.start + PAGE * BigInt(page), tag: tagOf(process, after) };
    if (oldPa !== NOT_BACKED) {
      // Whatever Linux does to a page, the entry where its path then ends has its present bit clear.
      const fault = newPa === NOT_BACKED ? "not-present" : undefined;
      events.push({ type: "page-out", ...about, pa: oldPa, pageSize: knownSize(before, page), fault });
    }
    if (newPa !== NOT_BACKED) {
      events.push({ type: "page-in", ...about, pa: newPa, pageSize: knownSize(after, page), fault: undefined });
    }
  }
}

function knownSize(region: Region, page: number): number | undefined {
  const size = region.pageSizes[page];
  return size === UNKNOWN_SIZE ? undefined : size;
}

function compareBigInts(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Where the two streams differ, in words; none where every event is the expected one, in its place. */
export function differences(actual: readonly PageTableMonitorEvent[], expected: readonly ExpectedEvent[]): readonly string[] {
  const found: string[] = [];
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const [is, should] = [actual[i], expected[i]];
    if (is === undefined || should === undefined || !isThatEvent(is, should)) {
      found.push(`event ${i}: ${describe(is)} instead of ${describe(should)}`);
    }
  }
  return found;
}

function isThatEvent(is: PageTableMonitorEvent, should: ExpectedEvent): boolean {
  return (
    is.type === should.type &&
    is.view === should.view &&
    is.root === should.root &&
    is.va === should.va &&
    is.pa === should.pa &&
    is.tag === should.tag &&
    is.fault === should.fault &&
    (should.pageSize === undefined || is.pageSize === should.pageSize)
  );
}

function describe(event: ExpectedEvent | undefined): string {
  if (event === undefined) return "none";
  const { type, root, va, pa, pageSize, tag, fault } = event;
  return `${type} ${hex(va)} of root ${hex(root)} at ${hex(pa)}, page size ${pageSize}, fault ${fault}, tag ${tag}`;
}
