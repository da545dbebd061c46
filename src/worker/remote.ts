/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The library's objects in a worker, as their users see them: every method and getter gives a promise.
 *
 * Types alone, so that whoever compiles against them needs neither the DOM's types nor Node's.
 */

import type { AddressContext, VcpuId, View } from "../model/address.js";
import type { Architecture } from "../model/architecture.js";
import type { Damage, FrameRun, Vcpu } from "../model/dump.js";
import type { EventColumns, PageTableMonitorEvent } from "../model/event.js";
import type { AbortSignalLike, BlobLike } from "../model/platform.js";
import type { Translation } from "../model/translation.js";
import type { Lookup } from "../monitor/lookup.js";
import type { Change, SharedChange } from "../space/change.js";
import type { Mapping, SpaceSummary } from "../space/mapping.js";
import type { SpaceOptions } from "../space/options.js";
import type { RootCandidate } from "../space/roots/candidate.js";
import type { FindRootsOptions } from "../space/roots/find-roots.js";
import type { SharedOptions } from "../space/shared-changes.js";
import type { ChangeColumns, MappingColumns, SharedChangeColumns } from "./wire/columns.js";

/** What a call to a worker may be given. */
export interface CallOptions {
  /** Aborted, the call rejects with the signal's reason, and has changed nothing. */
  readonly signal?: AbortSignalLike;
  /** Told how far the call is, at most 20 times a second. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a dump in a worker is opened from: a path (Node), bytes, a Blob or File. */
export type RemoteDumpSource = string | Uint8Array | BlobLike;

export interface RemoteOpenDumpOptions extends CallOptions {
  /** Bytes are handed over with their whole buffer, not copied. */
  readonly transfer?: boolean;
  /** How much may come out of a compressed dump; 2 GiB where not given. */
  readonly maximumInflatedBytes?: number;
}

export interface RemoteMonitorOptions extends CallOptions {
  readonly dump: RemoteDump;
  /** That of the first vCPU that the dump's notes give a mode for, else `amd64()`, where not given. */
  readonly arch?: Architecture;
  /** Bound on the tables kept. */
  readonly maximumFrames?: number;
}

/** What `mappings` and `changes` are asked in a worker. */
export interface RemoteSpaceOptions extends SpaceOptions {
  /**
   * Told how far an iteration is, at most 20 times a second: `done` parts of `total`, by the page tables passed and the
   * bytes read.
   */
  readonly onProgress?: CallOptions["onProgress"];
}

/** A dump that a worker has open. */
export interface RemoteDump {
  readonly format: string;
  readonly vcpus: readonly Vcpu[];
  /** Frames it holds, ascending. */
  readonly runs: readonly FrameRun[];
  /**
   * What its headers promise and it does not hold, and where they contradict each other; frames that cannot be read are
   * added as they are met.
   */
  readonly damage: readonly Damage[];
  /** Bytes of the memory that it holds. */
  readonly size: number;
  /** The 4096 bytes of a frame; undefined where the dump does not hold it. Rejects with `dump-closed` once closed. */
  readFrame(gfn: number): Promise<Uint8Array | undefined>;
  /** Afterwards whatever reads it rejects with `dump-closed`. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A monitor in a worker: the methods and getters of `PageTableMonitor`.
 *
 * Calls are done in the order in which they were made. Tags are not sent: they keep their identity. What is given as an
 * array is copied, so it may be changed as soon as the call has returned its promise.
 */
export interface RemoteMonitor<Tag = string> {
  readonly monitoredTables: Promise<number>;
  readonly monitoredEntries: Promise<number>;
  readonly monitoredAddresses: Promise<number>;
  readonly pagedInEntries: Promise<number>;
  monitor(ctx: AddressContext, view: View, tag: Tag): Promise<Translation>;
  monitorMany(root: bigint, vas: BigUint64Array, view: View, tags: Tag | readonly Tag[], options?: CallOptions): Promise<BigUint64Array>;
  unmonitor(ctx: AddressContext, view: View): Promise<void>;
  unmonitorByForce(ctx: AddressContext, view: View): Promise<void>;
  unmonitorAll(): Promise<void>;
  unmonitorView(view: View): Promise<void>;
  lookup(ctx: AddressContext, view: View): Promise<Lookup<Tag> | undefined>;
  markDirtyEntry(entryPa: bigint, view: View, vcpuId: VcpuId): Promise<boolean>;
  markDirtyRange(pa: bigint, size: number, view: View, vcpuId: VcpuId): Promise<number>;
  processDirtyEntries(vcpuId: VcpuId, options?: CallOptions): Promise<PageTableMonitorEvent<Tag>[]>;
  processDirtyColumns(vcpuId: VcpuId, options?: CallOptions): Promise<EventColumns<Tag>>;
  processSnapshot(dump: RemoteDump, options?: CallOptions): Promise<PageTableMonitorEvent<Tag>[]>;
  processSnapshotColumns(dump: RemoteDump, options?: CallOptions): Promise<EventColumns<Tag>>;
  translate(ctx: AddressContext): Promise<Translation>;
  translateMany(root: bigint, vas: BigUint64Array, options?: CallOptions): Promise<BigUint64Array>;
  dump(): Promise<string>;
  /** Afterwards every method rejects with `disposed`; doing it again does nothing. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A listing that a worker makes: rows one by one, each an object, or, faster, page by page in columns. Each iteration
 * starts anew, one page ahead of its reader; it ends in the worker when the reader leaves.
 */
export interface RemoteListing<Row, Columns> extends AsyncIterable<Row> {
  /** The same rows. Tables that are unreadable are said before the page is given in which they were met. */
  pages(): AsyncIterableIterator<Columns>;
  /**
   * Lets it go in the worker, which keeps the tables it has read until then. A listing that is forgotten is let go too,
   * but only when the collector comes by: whoever makes hundreds of them closes each. Iterations under way go on; none
   * can be begun any more.
   */
  close(): void;
  [Symbol.dispose](): void;
}

/** The library in workers. */
export interface WorkerHandle {
  /** How many there are; 1 where memory cannot be shared. */
  readonly workers: number;
  /** Opens a dump in the worker. After a worker has died this starts another, unless it was handed over. */
  openDump(source: RemoteDumpSource, options?: RemoteOpenDumpOptions): Promise<RemoteDump>;
  createMonitor<Tag = string>(options: RemoteMonitorOptions): Promise<RemoteMonitor<Tag>>;
  mappings(dump: RemoteDump, options: RemoteSpaceOptions): Promise<RemoteListing<Mapping, MappingColumns>>;
  changes(before: RemoteDump, after: RemoteDump, options: RemoteSpaceOptions): Promise<RemoteListing<Change, ChangeColumns>>;
  changesOfRoots(before: RemoteDump, after: RemoteDump, options: SharedOptions): Promise<RemoteListing<SharedChange, SharedChangeColumns>>;
  summarize(dump: RemoteDump, options: SpaceOptions): Promise<SpaceSummary>;
  findRoots(dump: RemoteDump, options?: FindRootsOptions): Promise<RootCandidate[]>;
  /** Ends the workers. What is pending rejects with `terminated`, and so does all that comes later. */
  terminate(): void;
  [Symbol.dispose](): void;
}
