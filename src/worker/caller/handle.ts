/**
 * The handle that `startWorker` gives: checks what comes in and sends it to the crew's first worker.
 */

import type { Architecture } from "../../model/architecture.js";
import { PageTableError } from "../../model/errors.js";
import type { Change, SharedChange } from "../../space/change.js";
import type { Mapping, SpaceSummary } from "../../space/mapping.js";
import { checkOptions, type SpaceOptions } from "../../space/options.js";
import type { RootCandidate } from "../../space/roots/candidate.js";
import type { FindRootsOptions } from "../../space/roots/find-roots.js";
import type { SharedOptions } from "../../space/shared-changes.js";
import type {
  CallOptions,
  RemoteDump,
  RemoteDumpSource,
  RemoteListing,
  RemoteMonitor,
  RemoteMonitorOptions,
  RemoteOpenDumpOptions,
  RemoteSpaceOptions,
  WorkerHandle,
} from "../remote.js";
import { decodeArchitecture, encodeArchitecture } from "../wire/architecture-wire.js";
import { type ChangeColumns, changeAt, type MappingColumns, mappingAt, type SharedChangeColumns, sharedChangeAt } from "../wire/columns.js";
import { dealScan } from "../wire/scan-board.js";
import { type ArchitectureWire, PROGRESS_PAUSE_MS } from "../wire/wire.js";
import type { Crew } from "./crew.js";
import { DealtReader } from "./dealt-reader.js";
import { callOf, type Link } from "./link.js";
import { DumpInWorker, handlesOf, whileHeld } from "./remote-dump.js";
import { ListingInWorker, type ListingPlace } from "./remote-listing.js";
import { MonitorInWorker } from "./remote-monitor.js";
import { type SentSource, sourceToSend } from "./sources.js";

export class HandleToCrew implements WorkerHandle {
  readonly workers: number;
  readonly #restart: (() => Promise<Crew>) | undefined;
  #crew: Crew;
  #restarting: Promise<Crew> | undefined;
  #isTerminated = false;

  /** Made by `startWorker`. */
  constructor(crew: Crew, restart: (() => Promise<Crew>) | undefined) {
    this.workers = crew.size;
    this.#crew = crew;
    this.#restart = restart;
  }

  async openDump(source: RemoteDumpSource, options: RemoteOpenDumpOptions = {}): Promise<RemoteDump> {
    const { maximumInflatedBytes } = options;
    this.#refuseEnded();
    // Before anything is awaited: its caller may change the bytes as soon as there is a promise.
    const sent = sourceToSend(source, { ...options, readers: this.workers });
    const crew = await this.#livingCrew();
    const opening = maximumInflatedBytes === undefined ? {} : { maximumInflatedBytes };
    const wire = await crew.lead.call(
      "changes",
      options,
      (service, ticket) => service.dumps.open(sent, opening, ticket),
      (opened) => new DumpInWorker(crew, opened, undefined).close(),
    );
    const copies = wire.lies === "inflated" ? undefined : await openCopies(crew, sent);
    return new DumpInWorker(crew, wire, copies);
  }

  async createMonitor<Tag = string>(options: RemoteMonitorOptions): Promise<RemoteMonitor<Tag>> {
    const { dump, arch, maximumFrames } = options;
    const [{ crew, id }] = handlesOf(this.#crew, [dump]);
    const wire = { dump: id, ...modeOf(arch), ...(maximumFrames === undefined ? {} : { maximumFrames }) };
    const monitor = await crew.lead.call("changes", options, (service, ticket) => service.monitors.create(wire, ticket));
    return new MonitorInWorker<Tag>(crew, monitor, dump);
  }

  async mappings(dump: RemoteDump, options: RemoteSpaceOptions): Promise<RemoteListing<Mapping, MappingColumns>> {
    const [memory] = handlesOf(this.#crew, [dump]);
    checkOptions(options);
    const { crew } = memory;
    const { signal, onUnreadable } = options;
    const onProgress = rarely(options.onProgress);
    const id = await crew.lead.call("changes", callOf(options.signal), (service, ticket) =>
      service.listings.openMappings(memory.id, spaceOf(options), ticket),
    );
    return new ListingInWorker({ crew, id, kind: "mappings", dumps: [dump], signal, onProgress, onUnreadable, rowAt: mappingAt });
  }

  async changes(before: RemoteDump, after: RemoteDump, options: RemoteSpaceOptions): Promise<RemoteListing<Change, ChangeColumns>> {
    const [one, other] = handlesOf(this.#crew, [before, after]);
    checkOptions(options);
    const { crew } = one;
    const { signal, onUnreadable } = options;
    const onProgress = rarely(options.onProgress);
    const open = (link: Link, beforeId: number, afterId: number): Promise<number> =>
      link.call("changes", callOf(options.signal), (service, ticket) =>
        service.listings.openChanges(beforeId, afterId, spaceOf(options), ticket),
      );
    const id = await open(crew.lead, one.id, other.id);
    const dumps = [before, after];
    const listing = { crew, id, kind: "changes", dumps, signal, onProgress, onUnreadable, rowAt: changeAt } as const;
    const [copies, otherCopies] = [one.copies, other.copies];
    // A bound on tables is one for all of them: so it is kept by one worker.
    if (!copies || !otherCopies || options.maximumFrames !== undefined) return new ListingInWorker(listing);
    const opened = await Promise.all(copies.map((copy, i) => open(crew.others[i], copy, otherCopies[i])));
    const workers = [{ link: crew.lead, listing: id }, ...opened.map((copy, i) => ({ link: crew.others[i], listing: copy }))];
    const differ = (): boolean => one.copiesDiffer || other.copiesDiffer;
    const others: ListingPlace[] = workers.slice(1);
    // Once, for all iterations that come to need it.
    let reopened: Promise<number> | undefined;
    const reopen = (): Promise<number> => {
      reopened ??= open(crew.lead, one.id, other.id).then(
        (again) => {
          others.push({ link: crew.lead, listing: again });
          return again;
        },
        (error) => {
          reopened = undefined;
          throw error;
        },
      );
      return reopened;
    };
    const source = () => new DealtReader({ crew, id, kind: "changes", signal, onProgress, workers, differ, reopen });
    return new ListingInWorker({ ...listing, others, source });
  }

  async changesOfRoots(
    before: RemoteDump,
    after: RemoteDump,
    options: SharedOptions,
  ): Promise<RemoteListing<SharedChange, SharedChangeColumns>> {
    const [one, other] = handlesOf(this.#crew, [before, after]);
    const { crew } = one;
    checkOptions(options);
    const { signal, onUnreadable, roots, range, arch, maximumFrames } = options;
    const wire = { roots, ...modeOf(arch), ...(range && { range }), ...(maximumFrames === undefined ? {} : { maximumFrames }) };
    const id = await crew.lead.call("changes", callOf(options.signal), (service, ticket) =>
      service.listings.openChangesOfRoots(one.id, other.id, wire, ticket),
    );
    return new ListingInWorker({
      crew,
      id,
      kind: "changes-of-roots",
      dumps: [before, after],
      signal,
      onUnreadable,
      rowAt: sharedChangeAt,
    });
  }

  async summarize(dump: RemoteDump, options: SpaceOptions): Promise<SpaceSummary> {
    const [{ crew, id }] = handlesOf(this.#crew, [dump]);
    checkOptions(options);
    const { summary, unreadable } = await whileHeld([dump], () =>
      crew.lead.call("reads", callOf(options.signal), (service, ticket) => service.listings.summarize(id, spaceOf(options), ticket)),
    );
    for (const table of unreadable) options.onUnreadable?.(table);
    return summary;
  }

  async findRoots(dump: RemoteDump, options: FindRootsOptions = {}): Promise<RootCandidate[]> {
    const [{ crew, id, copies, copiesDiffer, isScannedByOne }] = handlesOf(this.#crew, [dump]);
    const mode = modeOf(options.arch);
    const deal = copies && !copiesDiffer && !isScannedByOne ? dealScan(dump.runs) : undefined;
    if (copies && deal) {
      for (const [i, copy] of copies.entries()) {
        // An assistant that fails leaves its pieces to the first worker, which says what there is to be said.
        crew.others[i]
          .call("reads", callOf(options.signal), (service, ticket) => service.roots.assist(copy, { ...mode, deal }, ticket))
          .catch(() => {});
      }
    }
    const asked = { ...mode, ...(deal && { deal }) };
    const found = await whileHeld([dump], () =>
      crew.lead.call("reads", options, (service, ticket) => service.roots.find(id, asked, ticket)),
    );
    return found.map((candidate) => ({ ...candidate, arch: decodeArchitecture(candidate.arch) }));
  }

  terminate(): void {
    this.#isTerminated = true;
    this.#crew.end(terminated());
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  #refuseEnded(): void {
    if (this.#isTerminated) throw terminated();
    if (this.#crew.ended && !this.#restart) throw this.#crew.ended;
  }

  async #livingCrew(): Promise<Crew> {
    if (!this.#crew.ended) return this.#crew;
    this.#restarting ??= (this.#restart as () => Promise<Crew>)();
    try {
      this.#crew = await this.#restarting;
    } finally {
      this.#restarting = undefined;
    }
    if (!this.#isTerminated) return this.#crew;
    this.#crew.end(terminated());
    throw terminated();
  }
}

/** The dump as the other workers open it for themselves; undefined where there are none, or one cannot. */
async function openCopies(crew: Crew, sent: SentSource): Promise<readonly number[] | undefined> {
  if (crew.size === 1) return undefined;
  try {
    return await Promise.all(
      crew.others.map(async (link) => (await link.call("changes", {}, (service, ticket) => service.dumps.open(sent, {}, ticket))).id),
    );
  } catch {
    return undefined;
  }
}

function terminated(): PageTableError {
  return new PageTableError("terminated", "the worker has been terminated");
}

function modeOf(arch: Architecture | undefined): { mode?: ArchitectureWire } {
  return arch === undefined ? {} : { mode: encodeArchitecture(arch) };
}

/** Each page of a listing is a call of its own, and there are more of them than anybody wants to hear of. */
function rarely(onProgress: CallOptions["onProgress"]): CallOptions["onProgress"] {
  if (!onProgress) return undefined;
  let toldMs = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const nowMs = performance.now();
    if (done < total && nowMs - toldMs < PROGRESS_PAUSE_MS) return;
    toldMs = nowMs;
    onProgress(done, total);
  };
}

/** Without what does not cross. */
function spaceOf({ root, range, arch, maximumFrames }: SpaceOptions) {
  return { root, ...modeOf(arch), ...(range && { range }), ...(maximumFrames === undefined ? {} : { maximumFrames }) };
}
