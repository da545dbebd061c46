/**
 * page-table-monitor: the entry point for Node and browsers.
 */

export { type Amd64Options, amd64 } from "./arch/amd64.js";
export { clearedRoot } from "./arch/cleared-root.js";
export { architectureByName, architectureNames } from "./arch/registry.js";
export { configureCore } from "./core/configure.js";
export type { OpenedDump } from "./dump/file-dump.js";
export type { DumpSource, OpenDumpOptions } from "./dump/open.js";
export { openDump } from "./dump/open.js";
export type { AddressContext, VcpuId, View } from "./model/address.js";
export type { Architecture, EntryDescription, EntryFlag } from "./model/architecture.js";
export type { Damage, Dump, FrameRun, RandomAccess, Vcpu } from "./model/dump.js";
export { AddressError, DumpFormatError, PageTableError, ViewNotFoundError } from "./model/errors.js";
export type { EventColumns, PageTableMonitorEvent } from "./model/event.js";
export type { GuestMemory, MemoryAccess, MemoryProtection } from "./model/memory.js";
export type { AbortSignalLike, BlobLike, ModuleLike, UrlLike } from "./model/platform.js";
export { type Fault, NOT_BACKED, type Translation, type TranslationEntry } from "./model/translation.js";
export type { Lookup } from "./monitor/lookup.js";
export { PageTableMonitor } from "./monitor/monitor.js";
export type { Access } from "./space/access.js";
export type { Backing, Change, ChangeType, SharedChange } from "./space/change.js";
export { changes } from "./space/changes.js";
export type { ListingSlice, SpaceListing } from "./space/listing.js";
export type { Mapping, SpaceSummary, SummaryPart } from "./space/mapping.js";
export { mappings } from "./space/mappings.js";
export type { AddressRange, SpaceOptions, UnreadableTable } from "./space/options.js";
export { type OutlineOptions, outline, type SpaceOutline } from "./space/outline.js";
export type { RootCandidate } from "./space/roots/candidate.js";
export { type FindRootsOptions, findRoots } from "./space/roots/find-roots.js";
export { changesOfRoots, type SharedOptions } from "./space/shared-changes.js";
export { type SummarizeOptions, summarize } from "./space/summarize.js";
