/**
 * `ptm replay DUMP… --watch …`: one guest's dumps in order, and what happened to the watched addresses from each to the
 * next.
 *
 * Two dumps are open at most: the one before is closed once the next has been processed. A dump that cannot be read is
 * noted and passed over, the next one is then compared with the last that could be: no event is lost by it, only dated
 * later.
 */

import { setImmediate as turn } from "node:timers/promises";
import { PageTableMonitor } from "../../index.js";
import type { Dump } from "../../model/dump.js";
import { PageTableError } from "../../model/errors.js";
import type { EventColumns } from "../../model/event.js";
import type { AddressSpace, SpaceChoice } from "../address-space.js";
import { findAddressSpace } from "../address-space.js";
import type { Watch } from "../arguments/watch.js";
import { checkWatchCanonical, watchedAddresses } from "../arguments/watch.js";
import { UsageError } from "../failure.js";
import type { Problems } from "../problems.js";
import type { Progress } from "../progress/progress.js";
import { count } from "../terminal/text.js";
import { openFile } from "../with-dump.js";
import type { TagState } from "./tag-state.js";

export interface ReplayRequest {
  /** Paths of dumps, in the order of time. */
  readonly files: readonly string[];
  readonly watches: readonly Watch[];
  readonly choice: SpaceChoice;
}

export type ReplayPart =
  | { readonly type: "start"; readonly dump: string; readonly space: AddressSpace; readonly tags: readonly TagState[] }
  | { readonly type: "step"; readonly step: number; readonly dump: string; readonly events: EventColumns; readonly isDamaged: boolean }
  | { readonly type: "unreadable"; readonly step: number; readonly dump: string };

/** What a replay needs of the command that it is part of. */
export interface ReplayContext {
  readonly signal: AbortSignal;
  readonly problems: Problems;
  readonly progress: Progress;
}

/** Addresses a call: few enough that an interrupt is heard, many enough that calls cost nothing. */
const BATCH_ADDRESSES = 1 << 16;

const dumps = (value: number) => (value < 10 ? `${Math.round(value * 10) / 10}` : count(Math.round(value)));
const addresses = (value: number) => count(Math.round(value));

/** The start, then a part for every further dump. Nothing at all where the first dump cannot be read. */
export async function* replay(request: ReplayRequest, context: ReplayContext): AsyncGenerator<ReplayPart> {
  const { problems, progress } = context;
  const [firstFile, ...laterFiles] = request.files;
  if (firstFile === undefined) return;
  const first = await tryOpen(firstFile, context);
  if (first === undefined) return;
  let current: OpenDump = first;
  let monitor: PageTableMonitor | undefined;
  try {
    const space = findAddressSpace(firstFile, current.dump, request.choice);
    for (const watch of request.watches) checkWatchCanonical(watch, space.arch.virtualAddressBits);
    monitor = await PageTableMonitor.create({ memory: current.dump, arch: space.arch });
    const tags = await watchAll(monitor, space.root, request.watches, progress);
    yield { type: "start", dump: firstFile, space, tags };
    for (const [i, file] of laterFiles.entries()) {
      const step = i + 1;
      progress.advance("replaying dumps", { done: i, total: laterFiles.length, amount: dumps });
      const next = await tryOpen(file, context);
      const events = next && tryProcess(monitor, next, problems);
      if (next === undefined || events === undefined) {
        yield { type: "unreadable", step, dump: file };
        continue;
      }
      closeDump(current, problems);
      current = next;
      yield { type: "step", step, dump: file, events, isDamaged: next.dump.damage.length > 0 };
    }
  } finally {
    monitor?.dispose();
    closeDump(current, problems);
  }
}

interface OpenDump {
  readonly file: string;
  readonly dump: Dump;
}

async function tryOpen(file: string, context: ReplayContext): Promise<OpenDump | undefined> {
  await turn();
  try {
    return { file, dump: await openFile(file, context) };
  } catch (error) {
    if (context.signal.aborted) throw error;
    context.problems.addError(file, error);
    return undefined;
  }
}

/** Undefined where `next` cannot be read after all: the monitor then stays as it was, and `next` is closed. */
function tryProcess(monitor: PageTableMonitor, next: OpenDump, problems: Problems): EventColumns | undefined {
  try {
    return monitor.processSnapshotColumns(next.dump);
  } catch (error) {
    problems.addError(next.file, error);
    closeDump(next, problems);
    return undefined;
  }
}

/** Damage is taken at the end, since reading may bring more to light. */
function closeDump({ file, dump }: OpenDump, problems: Problems): void {
  problems.addDamage(file, dump);
  dump.close();
}

async function watchAll(monitor: PageTableMonitor, root: bigint, watches: readonly Watch[], progress: Progress): Promise<TagState[]> {
  const tags = new Map<string, { watched: number; backed: number }>();
  const total = watches.reduce((sum, watch) => sum + watch.pages, 0);
  let done = 0;
  for (const watch of watches) {
    const state = tags.get(watch.tag) ?? { watched: 0, backed: 0 };
    tags.set(watch.tag, state);
    const watchedBefore = monitor.monitoredAddresses;
    const backedBefore = monitor.pagedInEntries;
    for (let from = 0; from < watch.pages; from += BATCH_ADDRESSES) {
      const to = Math.min(watch.pages, from + BATCH_ADDRESSES);
      watchBatch(monitor, root, watchedAddresses(watch, from, to), watch.tag);
      done += to - from;
      progress.advance("watching addresses", { done, total, amount: addresses });
      await turn();
    }
    state.watched += monitor.monitoredAddresses - watchedBefore;
    state.backed += monitor.pagedInEntries - backedBefore;
  }
  return Array.from(tags, ([tag, state]) => ({ tag, ...state }));
}

function watchBatch(monitor: PageTableMonitor, root: bigint, vas: BigUint64Array, tag: string): void {
  try {
    monitor.monitorMany(root, vas, 0, tag);
  } catch (error) {
    if (error instanceof PageTableError && error.code === "memory-exhausted") {
      throw new UsageError(`too much to watch at once: ${error.message}. Watch smaller ranges, in several replays`);
    }
    throw error;
  }
}
