/**
 * A replay: the dumps in order, and what each changed since the one before.
 *
 * Either everything in one address space is asked for, stretch by stretch, or a list is watched by a monitor, address by address. A
 * dump that does not fit is said and passed over; the next is then compared with the last that did: no event is lost by it, only
 * dated later.
 */

import type { Architecture, UnreadableTable } from "page-table-monitor";
import type { RemoteMonitor } from "page-table-monitor/worker";
import type { EventStore } from "../model/events.js";
import { PAGE_BYTES } from "../model/events.js";
import { tagsOf } from "../model/lanes.js";
import { pagesOf, type Watch } from "../model/watch-list.js";
import type { Engine, RemoteDump } from "./engine.js";
import { problemText } from "./problem-text.js";

export interface ReplayDump {
  /** Index of the dump in the list. */
  readonly step: number;
  readonly dump: RemoteDump;
}

export interface ReplayRequest {
  readonly dumps: readonly ReplayDump[];
  readonly root: bigint;
  readonly arch: Architecture;
  /** Undefined: everything in the space. */
  readonly watches: readonly Watch[] | undefined;
}

export interface StepOutcome {
  readonly step: number;
  /** The dump it was compared with. */
  readonly before: number;
  readonly unreadable: readonly UnreadableTable[];
}

export interface ReplayListener {
  /** These two are compared now; so many of all are done, from 0 to 1. */
  onPair(before: ReplayDump, after: ReplayDump, done: number): void;
  onStep(outcome: StepOutcome): void;
  /** Rows have come; how far it is, from 0 to 1. */
  onRows(done: number): void;
  /** This dump is passed over. */
  onProblem(step: number, problem: string): void;
}

/** Addresses a call: few enough that a cancel is heard. */
const BATCH_ADDRESSES = 1 << 16;
const ROWS_A_REPORT = 4096;
/** More rows are more than a page can keep; the command has no such bound. */
export const MOST_EVENTS = 2 ** 23;

export async function replay(
  engine: Engine,
  request: ReplayRequest,
  store: EventStore,
  listener: ReplayListener,
  signal: AbortSignal,
): Promise<void> {
  if (request.watches === undefined) await compareAll(engine, request, store, listener, signal);
  else await watchList(engine, request, request.watches, store, listener, signal);
}

async function compareAll(
  engine: Engine,
  { dumps, root, arch }: ReplayRequest,
  store: EventStore,
  listener: ReplayListener,
  signal: AbortSignal,
): Promise<void> {
  let [before, ...later] = dumps;
  for (const [i, after] of later.entries()) {
    if (before === undefined) return;
    const unreadable: UnreadableTable[] = [];
    listener.onPair(before, after, i / later.length);
    const options = { root, arch, signal, onUnreadable: (table: UnreadableTable) => unreadable.push(table) };
    try {
      const listing = await engine.changes(before.dump, after.dump, options);
      for await (const page of listing.pages()) {
        signal.throwIfAborted();
        store.addChanges(after.step, page);
        checkRoom(store);
        listener.onRows(i / later.length);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TooManyEvents) throw error;
      listener.onProblem(after.step, problemText(error));
      continue;
    }
    signal.throwIfAborted();
    listener.onStep({ step: after.step, before: before.step, unreadable });
    listener.onRows((i + 1) / later.length);
    before = after;
  }
}

async function watchList(
  engine: Engine,
  { dumps, root, arch }: ReplayRequest,
  watches: readonly Watch[],
  store: EventStore,
  listener: ReplayListener,
  signal: AbortSignal,
): Promise<void> {
  let [before, ...later] = dumps;
  if (before === undefined) return;
  const tags = tagsOf(watches);
  const monitor = await engine.createMonitor<string>({ dump: before.dump, arch, signal });
  try {
    await watchAll(monitor, root, watches, signal);
    for (const [i, after] of later.entries()) {
      signal.throwIfAborted();
      listener.onPair(before, after, i / later.length);
      try {
        const events = await monitor.processSnapshotColumns(after.dump, { signal });
        signal.throwIfAborted();
        const places = events.tags.map((tag) => tags.indexOf(tag));
        for (let row = 0; row < events.length; row++) {
          store.addWatched({
            step: after.step,
            isPageIn: events.type[row] === 1,
            va: events.va[row] as bigint,
            pa: events.pa[row] as bigint,
            pageSize: events.pageSize[row] as number,
            tag: places[events.tagIndex[row] as number] as number,
            fault: events.fault[row] as number,
          });
          if (row % ROWS_A_REPORT === 0) checkRoom(store);
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TooManyEvents) throw error;
        listener.onProblem(after.step, problemText(error));
        continue;
      }
      listener.onStep({ step: after.step, before: before.step, unreadable: [] });
      listener.onRows((i + 1) / later.length);
      before = after;
    }
  } finally {
    // A worker that is gone has nothing left to let go.
    await monitor.dispose().catch(() => {});
  }
}

async function watchAll(monitor: RemoteMonitor, root: bigint, watches: readonly Watch[], signal: AbortSignal): Promise<void> {
  for (const watch of watches) {
    const pages = pagesOf(watch);
    const first = watch.length === undefined ? watch.va : watch.va - (watch.va % PAGE_BYTES);
    for (let from = 0; from < pages; from += BATCH_ADDRESSES) {
      signal.throwIfAborted();
      const vas = new BigUint64Array(Math.min(BATCH_ADDRESSES, pages - from));
      for (let i = 0; i < vas.length; i++) vas[i] = first + BigInt(from + i) * PAGE_BYTES;
      await monitor.monitorMany(root, vas, 0, watch.tag, { signal });
    }
  }
}

export class TooManyEvents extends Error {}

function checkRoom(store: EventStore): void {
  if (store.length > MOST_EVENTS) throw new TooManyEvents(`more than ${MOST_EVENTS} events: watch less, or fewer dumps at once`);
}
