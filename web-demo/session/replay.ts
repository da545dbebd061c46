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
import { Pace, ROWS_A_BREATH } from "../model/filter.js";
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
  /** The addresses of the list are looked up in the first dump now. */
  onWatching(first: ReplayDump): void;
  /** These two are compared now. */
  onPair(before: ReplayDump, after: ReplayDump): void;
  onStep(outcome: StepOutcome): void;
  /** Rows have come. */
  onRows(): void;
  /** So much of the memory of all dumps has been dealt with. */
  onProgress(bytes: number, total: number): void;
  /** This dump is passed over. */
  onProblem(step: number, problem: string): void;
}

/** Addresses a call: few enough that a cancel is heard. */
const BATCH_ADDRESSES = 1 << 16;
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
  const progress = new Progress(dumps, listener);
  for (const after of later) {
    if (before === undefined) return;
    const unreadable: UnreadableTable[] = [];
    const part = progress.part(before === dumps[0] ? [before, after] : [after]);
    listener.onPair(before, after);
    const options = { root, arch, signal, onUnreadable: (table: UnreadableTable) => unreadable.push(table), onProgress: part };
    try {
      const listing = await engine.changes(before.dump, after.dump, options);
      try {
        for await (const page of listing.pages()) {
          signal.throwIfAborted();
          store.addChanges(after.step, page);
          checkRoom(store);
          listener.onRows();
        }
      } finally {
        // Each keeps its tables as long as it is there, and a series has hundreds.
        listing.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TooManyEvents) throw error;
      listener.onProblem(after.step, problemText(error));
      continue;
    }
    signal.throwIfAborted();
    listener.onStep({ step: after.step, before: before.step, unreadable });
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
  const progress = new Progress(dumps, listener);
  const pace = new Pace(signal);
  const monitor = await engine.createMonitor<string>({ dump: before.dump, arch, signal });
  try {
    listener.onWatching(before);
    await watchAll(monitor, root, watches, signal, progress.part([before]));
    for (const after of later) {
      signal.throwIfAborted();
      const part = progress.part([after]);
      listener.onPair(before, after);
      try {
        const events = await monitor.processSnapshotColumns(after.dump, { signal, onProgress: part });
        signal.throwIfAborted();
        const places = events.tags.map((tag) => tags.indexOf(tag));
        for (let row = 0; row < events.length; row++) {
          if (row % ROWS_A_BREATH === 0) await pace.breathe();
          store.addWatched({
            step: after.step,
            isPageIn: events.type[row] === 1,
            va: events.va[row] as bigint,
            pa: events.pa[row] as bigint,
            pageSize: events.pageSize[row] as number,
            tag: places[events.tagIndex[row] as number] as number,
            fault: events.fault[row] as number,
          });
          if (row % ROWS_A_BREATH === 0) checkRoom(store);
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TooManyEvents) throw error;
        listener.onProblem(after.step, problemText(error));
        continue;
      }
      listener.onStep({ step: after.step, before: before.step, unreadable: [] });
      before = after;
    }
  } finally {
    // A worker that is gone has nothing left to let go.
    await monitor.dispose().catch(() => {});
  }
}

async function watchAll(
  monitor: RemoteMonitor,
  root: bigint,
  watches: readonly Watch[],
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const total = watches.reduce((sum, watch) => sum + pagesOf(watch), 0);
  let watched = 0;
  for (const watch of watches) {
    const pages = pagesOf(watch);
    const first = watch.length === undefined ? watch.va : watch.va - (watch.va % PAGE_BYTES);
    for (let from = 0; from < pages; from += BATCH_ADDRESSES) {
      signal.throwIfAborted();
      const vas = new BigUint64Array(Math.min(BATCH_ADDRESSES, pages - from));
      for (let i = 0; i < vas.length; i++) vas[i] = first + BigInt(from + i) * PAGE_BYTES;
      await monitor.monitorMany(root, vas, 0, watch.tag, { signal });
      watched += vas.length;
      onProgress(watched, total);
    }
  }
}

/** Dumps weigh what they hold of memory, each counted once. */
class Progress {
  readonly #listener: ReplayListener;
  readonly #total: number;
  #before = 0;
  #weight = 0;

  constructor(dumps: readonly ReplayDump[], listener: ReplayListener) {
    this.#listener = listener;
    this.#total = dumps.reduce((sum, { dump }) => sum + dump.size, 0);
  }

  /** The next part begins, and the one before is over; what is answered is told how far the part is. */
  part(dumps: readonly ReplayDump[]): (done: number, total: number) => void {
    this.#before += this.#weight;
    const weight = dumps.reduce((sum, { dump }) => sum + dump.size, 0);
    this.#weight = weight;
    const before = this.#before;
    const tell = (done: number, total: number): void =>
      this.#listener.onProgress(before + (total === 0 ? 0 : weight * (done / total)), this.#total);
    tell(0, 1);
    return tell;
  }
}

export class TooManyEvents extends Error {}

function checkRoom(store: EventStore): void {
  if (store.length > MOST_EVENTS) throw new TooManyEvents(`more than ${MOST_EVENTS} events: watch less, or fewer dumps at once`);
}
