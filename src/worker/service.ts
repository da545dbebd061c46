/**
 * What a worker does for its caller, by number of the handle; comlink calls these methods.
 *
 * The rule: a call that rejects leaves everything as it was, and nothing that a caller has let go of stays here.
 */

import { transfer } from "comlink";
import { configureCore } from "../core/configure.js";
import { instantiateCore } from "../core/load.js";
import { openDump } from "../dump/open.js";
import { FRAME_SIZE } from "../model/address.js";
import type { Architecture } from "../model/architecture.js";
import { PageTableError } from "../model/errors.js";
import type { EventColumns } from "../model/event.js";
import type { BlobLike } from "../model/platform.js";
import { PageTableMonitor } from "../monitor/monitor.js";
import { openChanges } from "../space/changes.js";
import { findRootsBy, modesToJudgeBy, openRootScan } from "../space/find-roots.js";
import type { SpaceSummary } from "../space/mapping.js";
import { openMappings } from "../space/mappings.js";
import type { SpaceOptions, UnreadableTable } from "../space/options.js";
import type { RootCandidate } from "../space/root-candidate.js";
import type { RootScan } from "../space/root-scan.js";
import { openChangesOfRoots } from "../space/shared-changes.js";
import { summarize } from "../space/summarize.js";
import { decodeArchitecture, encodeArchitecture } from "./architecture-wire.js";
import type { Calls } from "./calls.js";
import { buffersOf } from "./columns.js";
import { DealtScan, endDeal } from "./dealt-scan.js";
import { Guest } from "./guest.js";
import { holdLifeLine } from "./life-line.js";
import { dealtParts, onePart, PageCursor } from "./listing-service.js";
import { planUnits } from "./plan-units.js";
import { leadsSomewhere } from "./revocation.js";
import { changeCollector, mappingCollector, sharedChangeCollector } from "./row-collectors.js";
import type {
  ArchitectureWire,
  ColumnsOf,
  DumpWire,
  ListingKind,
  Notice,
  Page,
  ScanDeal,
  SharedOptionsWire,
  SpaceOptionsWire,
  Ticket,
  UnitDeal,
} from "./wire.js";

type Monitor = PageTableMonitor<number>;

/** The methods of a monitor that cross as they are: tags are numbers of the caller's. */
export type PlainMonitorMethod =
  | "monitor"
  | "monitorMany"
  | "unmonitor"
  | "unmonitorByForce"
  | "unmonitorAll"
  | "unmonitorView"
  | "lookup"
  | "markDirtyEntry"
  | "markDirtyRange"
  | "translate"
  | "translateMany"
  | "dump";
export type MonitorCount = "monitoredTables" | "monitoredEntries" | "monitoredAddresses" | "pagedInEntries";

export interface SummaryWire {
  readonly summary: SpaceSummary;
  readonly unreadable: readonly UnreadableTable[];
}
export interface FindRootsWire {
  readonly mode?: ArchitectureWire;
  readonly deal?: ScanDeal;
}
export type RootCandidateWire = Omit<RootCandidate, "arch"> & { readonly arch: ArchitectureWire };

/** Columns of events; `tags` are the caller's numbers. */
export type EventColumnsWire = Omit<EventColumns<number>, "tags">;

/** A listing that somebody may iterate, any number of times. */
interface OpenListing {
  readonly dumps: readonly number[];
  readonly begin: (deal: UnitDeal | undefined) => PageCursor<unknown>;
  /** Where it can be dealt out. */
  readonly plan?: () => UnitDeal["units"];
}
type UnreadableSaid = Pick<SpaceOptions, "onUnreadable" | "signal" | "arch">;

export interface Beginning {
  /** The compiled core, or its bytes where the caller may not compile. */
  readonly core: object;
  readonly flags?: SharedArrayBuffer;
  /** A Blob's URL, to find out whether such URLs can be asked for. */
  readonly probe?: string;
  /** The lock to hold to the end. */
  readonly lifeLine?: string;
}

export class Service {
  readonly #calls: Calls;
  readonly #send: (notice: Notice) => void;
  readonly #dumps = new Map<number, Guest>();
  readonly #monitors = new Map<number, { readonly monitor: Monitor; dump: number }>();
  readonly #listings = new Map<number, OpenListing>();
  readonly #cursors = new Map<number, { readonly pages: PageCursor<unknown>; readonly dumps: readonly number[] }>();
  /** Entries of `damage` that the caller knows of, by dump. */
  readonly #damageKnown = new Map<number, number>();
  #lastId = 0;

  constructor(calls: Calls, send: (notice: Notice) => void) {
    this.#calls = calls;
    this.#send = send;
  }

  /** Makes ready; answers whether URLs can say that a call is no longer wanted. */
  async begin({ core, flags, probe, lifeLine }: Beginning): Promise<boolean> {
    const module = core instanceof WebAssembly.Module ? core : await WebAssembly.compile(core as Uint8Array<ArrayBuffer>);
    configureCore({ module });
    this.#calls.useFlags(flags);
    await instantiateCore(1);
    if (lifeLine !== undefined) await holdLifeLine(lifeLine);
    return probe !== undefined && leadsSomewhere(probe);
  }

  abort(call: number): void {
    this.#calls.abort(call);
  }

  async openDump(
    source: string | Uint8Array | BlobLike,
    options: { readonly maximumInflatedBytes?: number },
    ticket: Ticket,
  ): Promise<DumpWire> {
    return this.#calls.run(ticket, async (call) => {
      let lies: DumpWire["lies"] = "in-its-source";
      const onProgress = (done: number, total: number): void => {
        lies = "inflated"; // nothing else has progress
        call.progress(done, total);
      };
      const dump = await openDump(source, { ...options, signal: call, onProgress });
      const { format, runs, vcpus, damage } = dump;
      const id = this.#newId();
      this.#dumps.set(id, new Guest(dump, this.#calls));
      this.#damageKnown.set(id, damage.length);
      const vcpusWire = vcpus.map(({ root, arch }) => ({
        ...(root === undefined ? {} : { root }),
        ...(arch && { arch: encodeArchitecture(arch) }),
      }));
      return { id, format, runs, vcpus: vcpusWire, damage, lies };
    });
  }

  closeDump(id: number): void {
    this.#dumps.get(id)?.close();
    this.#damageKnown.delete(id);
  }

  /** The dump is nobody's any more. */
  forgetDump(id: number): void {
    this.closeDump(id);
    this.#dumps.delete(id);
  }

  readFrame(id: number, gfn: number): Uint8Array | undefined {
    const frame = new Uint8Array(FRAME_SIZE);
    const isThere = this.#telling([id], () => this.#dump(id).readFrame(gfn, frame));
    return isThere ? transfer(frame, [frame.buffer]) : undefined;
  }

  async createMonitor(options: { dump: number; mode?: ArchitectureWire; maximumFrames?: number }, ticket: Ticket): Promise<number> {
    return this.#calls.run(ticket, async (call) => {
      const { maximumFrames } = options;
      const monitor = await PageTableMonitor.create<number>({
        memory: this.#dump(options.dump),
        ...archOf(options),
        ...(maximumFrames === undefined ? {} : { maximumFrames }),
      });
      call.throwIfAborted();
      const id = this.#newId();
      this.#monitors.set(id, { monitor, dump: options.dump });
      return id;
    });
  }

  disposeMonitor(id: number): void {
    this.#monitors.get(id)?.monitor.dispose();
    this.#monitors.delete(id);
  }

  count(id: number, count: MonitorCount): number {
    return this.#monitor(id).monitor[count];
  }

  callMonitor<M extends PlainMonitorMethod>(id: number, method: M, parameters: Parameters<Monitor[M]>, ticket: Ticket): unknown {
    const { monitor, dump } = this.#monitor(id);
    const work = monitor[method] as (...parameters: unknown[]) => unknown;
    const answer = this.#telling([dump], () => this.#calls.runAtOnce(ticket, () => work.apply(monitor, parameters)));
    return ArrayBuffer.isView(answer) ? transfer(answer, [answer.buffer as ArrayBuffer]) : answer;
  }

  processDirty(id: number, vcpuId: number, ticket: Ticket): EventColumnsWire {
    const { monitor, dump } = this.#monitor(id);
    return this.#telling([dump], () => eventsWire(this.#calls.runAtOnce(ticket, () => monitor.processDirtyColumns(vcpuId))));
  }

  processSnapshot(id: number, dump: number, ticket: Ticket): EventColumnsWire {
    const open = this.#monitor(id);
    const { monitor } = open;
    const memory = this.#dump(dump);
    return this.#telling([dump], () => {
      const columns = this.#calls.runAtOnce(ticket, () => monitor.processSnapshotColumns(memory), monitor.monitoredTables);
      open.dump = dump;
      return eventsWire(columns);
    });
  }

  async openMappings(dump: number, options: SpaceOptionsWire, ticket: Ticket): Promise<number> {
    return this.#openListing([dump], options, ticket, async (space, unsaid) => {
      const listing = await openMappings(this.#dump(dump), { ...options, ...space });
      return { begin: () => new PageCursor(onePart(listing), unsaid, mappingCollector) };
    });
  }

  async openChanges(before: number, after: number, options: SpaceOptionsWire, ticket: Ticket): Promise<number> {
    return this.#openListing([before, after], options, ticket, async (space, unsaid) => {
      const memories = [this.#dump(before), this.#dump(after)] as const;
      const listing = await openChanges(...memories, { ...options, ...space });
      return {
        begin: (deal) => new PageCursor(deal ? dealtParts(listing, deal) : onePart(listing), unsaid, changeCollector),
        plan: () => planUnits(memories, listing.tables.core.arch, listing.root, listing.range),
      };
    });
  }

  async openChangesOfRoots(before: number, after: number, options: SharedOptionsWire, ticket: Ticket): Promise<number> {
    return this.#openListing([before, after], options, ticket, async (space, unsaid) => {
      const listing = await openChangesOfRoots(this.#dump(before), this.#dump(after), { ...options, ...space });
      return { begin: () => new PageCursor(listing.parts(), unsaid, sharedChangeCollector) };
    });
  }

  /** How a listing may be cut for several workers. */
  planListing(listing: number, ticket: Ticket): UnitDeal["units"] {
    const open = this.#listings.get(listing);
    if (!open?.plan) throw gone("listing");
    return this.#telling(open.dumps, () => this.#calls.runAtOnce(ticket, open.plan as () => UnitDeal["units"]));
  }

  beginListing(listing: number, deal?: UnitDeal): number {
    const open = this.#listings.get(listing);
    if (!open) throw gone("listing");
    const id = this.#newId();
    this.#cursors.set(id, { pages: open.begin(deal), dumps: open.dumps });
    return id;
  }

  nextPage<K extends ListingKind>(cursor: number, _kind: K, ticket: Ticket): Page<ColumnsOf[K]> {
    const open = this.#cursors.get(cursor);
    if (!open) throw gone("listing");
    const page = this.#telling(open.dumps, () => this.#calls.runAtOnce(ticket, () => open.pages.next())) as Page<ColumnsOf[K]>;
    if (page.isLast) this.#cursors.delete(cursor);
    return transfer(page, buffersOf(page.columns));
  }

  endListing(cursor: number): void {
    this.#cursors.get(cursor)?.pages.close();
    this.#cursors.delete(cursor);
  }

  forgetListing(listing: number): void {
    this.#listings.delete(listing);
  }

  async summarize(dump: number, options: SpaceOptionsWire, ticket: Ticket): Promise<SummaryWire> {
    return this.#calls.run(ticket, async (call) => {
      const unreadable: UnreadableTable[] = [];
      const said: UnreadableSaid = { ...archOf(options), signal: call, onUnreadable: (table) => unreadable.push(table) };
      const summary = await this.#tellingLater([dump], () => summarize(this.#dump(dump), { ...options, ...said }));
      return { summary, unreadable };
    });
  }

  /** Finds roots; with `deal` together with other workers, for whom `assist` is called. */
  async findRoots(dump: number, options: FindRootsWire, ticket: Ticket): Promise<RootCandidateWire[]> {
    const { deal } = options;
    return this.#calls
      .run(ticket, async (call) => {
        const memory = this.#dump(dump);
        const asked = { ...archOf(options), signal: call, onProgress: call.progress };
        const look = async (scan: RootScan): Promise<readonly number[]> => {
          if (!deal) return scan.scan(asked);
          const dealt = new DealtScan(scan, memory, deal, call);
          await dealt.takePieces("judge");
          const candidates = await scan.sift(await dealt.likelyFrames(), call);
          await dealt.judge(candidates, modesToJudgeBy(memory, asked));
          return candidates;
        };
        const candidates = await this.#tellingLater([dump], () => findRootsBy(memory, asked, look));
        return candidates.map((candidate) => ({ ...candidate, arch: encodeArchitecture(candidate.arch) }));
      })
      .finally(() => deal && endDeal(deal));
  }

  /** Looks at frames for the worker that finds roots. */
  async assist(dump: number, options: FindRootsWire & { readonly deal: ScanDeal }, ticket: Ticket): Promise<void> {
    await this.#calls.run(ticket, async (call) => {
      const memory = this.#dump(dump);
      const asked = { ...archOf(options), signal: call };
      const dealt = new DealtScan(await openRootScan(memory, asked), memory, options.deal, call);
      await dealt.takePieces("assistant");
      await dealt.takeJudgements(modesToJudgeBy(memory, asked));
    });
  }

  async #openListing(
    dumps: readonly number[],
    options: { readonly mode?: ArchitectureWire },
    ticket: Ticket,
    open: (space: UnreadableSaid, unsaid: UnreadableTable[]) => Promise<Omit<OpenListing, "dumps">>,
  ): Promise<number> {
    return this.#calls.run(ticket, async (call) => {
      const unsaid: UnreadableTable[] = [];
      const space = { ...archOf(options), signal: this.#calls.ambient, onUnreadable: (table: UnreadableTable) => unsaid.push(table) };
      const opened = await open(space, unsaid);
      call.throwIfAborted();
      const id = this.#newId();
      this.#listings.set(id, { dumps, ...opened });
      return id;
    });
  }

  /** Reads that fail change what a dump says of itself: its caller is told before the call that met them returns. */
  #telling<T>(dumps: readonly number[], work: () => T): T {
    try {
      return work();
    } finally {
      for (const id of dumps) this.#tellDamage(id);
    }
  }

  async #tellingLater<T>(dumps: readonly number[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      for (const id of dumps) this.#tellDamage(id);
    }
  }

  #tellDamage(id: number): void {
    const dump = this.#dumps.get(id);
    if (!dump || dump.damage.length === this.#damageKnown.get(id)) return;
    this.#damageKnown.set(id, dump.damage.length);
    this.#send({ notice: "dump", dump: id, runs: dump.runs, damage: dump.damage });
  }

  #dump(id: number): Guest {
    const dump = this.#dumps.get(id);
    if (!dump) throw new PageTableError("dump-closed", "the dump has been closed");
    return dump;
  }

  #monitor(id: number): { readonly monitor: Monitor; dump: number } {
    const monitor = this.#monitors.get(id);
    if (!monitor) throw new PageTableError("disposed", "the monitor has been disposed");
    return monitor;
  }

  #newId(): number {
    this.#lastId++;
    return this.#lastId;
  }
}

function archOf({ mode }: { readonly mode?: ArchitectureWire }): { arch?: Architecture } {
  return mode === undefined ? {} : { arch: decodeArchitecture(mode) };
}

function gone(what: string): PageTableError {
  return new PageTableError("internal", `the worker has no such ${what} any more`);
}

/** Columns as they cross; tag indexes become the caller's numbers. */
function eventsWire(columns: EventColumns<number>): EventColumnsWire {
  const { length, type, fault, va, root, pa, view, pageSize, tags } = columns;
  const tagIndex = columns.tagIndex.map((index) => tags[index]);
  const wire = { length, type, fault, va, root, pa, view, pageSize, tagIndex };
  return transfer(wire, buffersOf(wire));
}
