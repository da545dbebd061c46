/**
 * What the rule tests and the model test drive: the monitor as its users see it, by shape alone.
 *
 * The library's `PageTableMonitor` and the naive `OracleMonitor` both have this shape, so that one test body runs on either.
 */

import type { AddressContext, VcpuId, View } from "../../src/model/address.js";
import type { EventColumns, PageTableMonitorEvent } from "../../src/model/event.js";
import type { GuestMemory, MemoryProtection } from "../../src/model/memory.js";
import type { Translation } from "../../src/model/translation.js";

export interface LookupResult<Tag> {
  readonly tag: Tag;
  readonly pa: bigint | undefined;
  readonly pageSize: number | undefined;
  readonly references: number;
}

export interface Monitor<Tag = string> {
  readonly monitoredTables: number;
  readonly monitoredEntries: number;
  readonly monitoredAddresses: number;
  readonly pagedInEntries: number;
  monitor(ctx: AddressContext, view: View, tag: Tag): Translation;
  monitorMany(root: bigint, vas: BigUint64Array, view: View, tags: Tag | readonly Tag[]): BigUint64Array;
  unmonitor(ctx: AddressContext, view: View): void;
  unmonitorByForce(ctx: AddressContext, view: View): void;
  unmonitorAll(): void;
  unmonitorView(view: View): void;
  lookup(ctx: AddressContext, view: View): LookupResult<Tag> | undefined;
  markDirtyEntry(entryPa: bigint, view: View, vcpuId: VcpuId): boolean;
  markDirtyRange(pa: bigint, size: number, view: View, vcpuId: VcpuId): number;
  processDirtyEntries(vcpuId: VcpuId): PageTableMonitorEvent<Tag>[];
  processDirtyColumns(vcpuId: VcpuId): EventColumns<Tag>;
  processSnapshot(memory: GuestMemory & Partial<MemoryProtection>): PageTableMonitorEvent<Tag>[];
  processSnapshotColumns(memory: GuestMemory & Partial<MemoryProtection>): EventColumns<Tag>;
  translate(ctx: AddressContext): Translation;
  translateMany(root: bigint, vas: BigUint64Array): BigUint64Array;
  dump(): string;
  dispose(): void;
}

/** The parameters of an AMD64 paging mode, as `amd64()` takes them. */
export interface ModeOptions {
  readonly levels?: 4 | 5;
  readonly physicalAddressBits?: number;
  readonly encryptionMask?: bigint;
}

export interface SubjectOptions {
  readonly memory: GuestMemory & Partial<MemoryProtection>;
  readonly mode?: ModeOptions;
  readonly maximumFrames?: number;
}

export type CreateMonitor = <Tag = string>(options: SubjectOptions) => Promise<Monitor<Tag>>;
