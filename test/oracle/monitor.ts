/**
 * The naive monitor: every monitored address with its path, and nothing else but marks and protection.
 *
 * What is monitored and committed is not stored: it is what stands on the paths, gathered anew in every call. Two paths never
 * disagree on the value of an entry; that they do not is checked as it is gathered. A call computes all of its outcome
 * before it changes anything, so one that throws has nothing to undo but protection.
 *
 * The state that is no entry is where a path ended at an unreadable table: another address may monitor that table's entries
 * later, and the first is still said to have ended there until one of its own entries is processed.
 */

import type { AddressContext, VcpuId, View } from "../../src/model/address.js";
import { PageTableError } from "../../src/model/errors.js";
import type { EventColumns, PageTableMonitorEvent } from "../../src/model/event.js";
import { NOT_BACKED, type Translation } from "../../src/model/translation.js";
import type { LookupResult, Monitor } from "../support/subject.js";
import { checkedContext, checkedRoot, checkIds, checkMemory, checkPa, checkSize, checkTags, checkVas } from "./arguments.js";
import { asProtecting, CallReader, Ledger, type OracleMemory, type ProtectingMemory, type TableKey, tableKey } from "./call.js";
import { eventsOf, toColumns } from "./events.js";
import { Marks } from "./marks.js";
import { type WalkMode, type WalkResult, walk } from "./walker.js";

export interface MonitoredAddress<Tag> {
  readonly view: View;
  readonly root: bigint;
  readonly va: bigint;
  readonly tag: Tag;
  references: number;
  result: WalkResult;
}

/** "view:entry PA" */
type EntryKey = string;

interface CommittedEntry {
  readonly view: View;
  readonly entryPa: bigint;
  readonly value: bigint;
}

interface Committed {
  readonly entries: ReadonlyMap<EntryKey, CommittedEntry>;
  readonly tables: ReadonlySet<TableKey>;
}

function entryKey(view: View, entryPa: bigint): EntryKey {
  return `${view}:${entryPa}`;
}

export class OracleMonitor<Tag = string> implements Monitor<Tag> {
  readonly #mode: WalkMode;
  #memory: OracleMemory | undefined;
  /** The last memory that could protect: what it protected is released through it while no other can. */
  #protector: ProtectingMemory | undefined;
  readonly #addresses = new Map<string, MonitoredAddress<Tag>>();
  readonly #marks = new Marks();
  readonly #ledger = new Ledger();
  #busy = false;
  /** What `#gather` found since the last change. */
  #gathered: Committed | undefined;

  constructor(memory: OracleMemory, mode: WalkMode) {
    checkMemory(memory);
    this.#mode = mode;
    this.#memory = memory;
    this.#protector = asProtecting(memory);
  }

  get monitoredTables(): number {
    return this.#gather().tables.size;
  }

  get monitoredEntries(): number {
    return this.#gather().entries.size;
  }

  get monitoredAddresses(): number {
    return this.#addresses.size;
  }

  get pagedInEntries(): number {
    return [...this.#addresses.values()].filter((address) => address.result.pa !== undefined).length;
  }

  /** What is monitored, in no particular order. */
  addresses(): Iterable<MonitoredAddress<Tag>> {
    return this.#addresses.values();
  }

  monitor(ctx: AddressContext, view: View, tag: Tag): Translation {
    return this.#call((memory) => {
      const { va, root } = checkedContext(ctx, this.#mode.levels);
      checkIds(view);
      this.#monitorAll(memory, root, [va], view, () => tag);
      return { va, root, ...this.#find(view, root, va).result };
    });
  }

  monitorMany(root: bigint, vas: BigUint64Array, view: View, tags: Tag | readonly Tag[]): BigUint64Array {
    return this.#call((memory) => {
      const cleared = checkedRoot(root);
      checkVas(vas, this.#mode.levels);
      checkIds(view);
      checkTags(tags, vas.length);
      this.#monitorAll(memory, cleared, [...vas], view, (i) => (Array.isArray(tags) ? (tags[i] as Tag) : (tags as Tag)));
      return vas.map((va) => this.#find(view, cleared, va).result.pa ?? NOT_BACKED);
    });
  }

  unmonitor(ctx: AddressContext, view: View): void {
    this.#drop(ctx, view, 1);
  }

  unmonitorByForce(ctx: AddressContext, view: View): void {
    this.#drop(ctx, view, Number.POSITIVE_INFINITY);
  }

  unmonitorAll(): void {
    this.#call(() => {
      this.#addresses.clear();
    });
  }

  unmonitorView(view: View): void {
    this.#call(() => {
      checkIds(view);
      for (const [key, address] of this.#addresses) {
        if (address.view === view) {
          this.#addresses.delete(key);
        }
      }
    });
  }

  lookup(ctx: AddressContext, view: View): LookupResult<Tag> | undefined {
    this.#enter();
    const { va, root } = checkedContext(ctx, this.#mode.levels);
    checkIds(view);
    const address = this.#addresses.get(addressKey(view, root, va));
    return address && { tag: address.tag, pa: address.result.pa, pageSize: address.result.pageSize, references: address.references };
  }

  markDirtyEntry(entryPa: bigint, view: View, vcpuId: VcpuId): boolean {
    this.#enter();
    checkPa(entryPa);
    checkIds(view, vcpuId);
    return this.#mark(entryPa, 1, view, vcpuId) === 1;
  }

  markDirtyRange(pa: bigint, size: number, view: View, vcpuId: VcpuId): number {
    this.#enter();
    checkPa(pa);
    checkSize(size);
    checkIds(view, vcpuId);
    return this.#mark(pa, size, view, vcpuId);
  }

  processDirtyEntries(vcpuId: VcpuId): PageTableMonitorEvent<Tag>[] {
    return this.#call((memory) => {
      checkIds(vcpuId);
      const events = this.#process(memory, (entry) => this.#marks.has(vcpuId, entry.view, entry.entryPa), "marked");
      this.#marks.spend(vcpuId);
      return events;
    });
  }

  processDirtyColumns(vcpuId: VcpuId): EventColumns<Tag> {
    return toColumns(this.processDirtyEntries(vcpuId));
  }

  processSnapshot(memory: OracleMemory): PageTableMonitorEvent<Tag>[] {
    return this.#call(() => {
      checkMemory(memory);
      const events = this.#processAll(memory);
      this.#marks.spendAll();
      this.#memory = memory;
      const protector = asProtecting(memory);
      if (protector === undefined && this.#protector !== undefined) {
        for (const key of [...this.#ledger.held.keys()]) {
          this.#ledger.release(this.#protector, key);
        }
      }
      // Reading: what the earlier memory then failed to release is tried again through it, until another can protect.
      this.#protector = protector ?? this.#protector;
      return events;
    });
  }

  processSnapshotColumns(memory: OracleMemory): EventColumns<Tag> {
    return toColumns(this.processSnapshot(memory));
  }

  translate(ctx: AddressContext): Translation {
    const memory = this.#enter();
    const { va, root } = checkedContext(ctx, this.#mode.levels);
    return { va, root, ...this.#translate(memory, root, va) };
  }

  translateMany(root: bigint, vas: BigUint64Array): BigUint64Array {
    const memory = this.#enter();
    const cleared = checkedRoot(root);
    checkVas(vas, this.#mode.levels);
    return vas.map((va) => this.#translate(memory, cleared, va).pa ?? NOT_BACKED);
  }

  dump(): string {
    this.#enter();
    const { tables } = this.#gather();
    const stuck = [...this.#ledger.held.values()].filter(({ view, gfn }) => !tables.has(tableKey(view, gfn)));
    return stuck.map(({ view, gfn }) => `view ${view}: frame 0x${gfn.toString(16)} could not be released`).join("\n");
  }

  dispose(): void {
    if (this.#memory !== undefined) {
      this.unmonitorAll();
      this.#memory = undefined;
      this.#protector = undefined;
    }
  }

  #enter(): OracleMemory {
    if (this.#memory === undefined) {
      throw new PageTableError("disposed", "the monitor was disposed");
    }
    if (this.#busy) {
      throw new PageTableError("reentrant-call", "called from inside a driver's callback");
    }
    return this.#memory;
  }

  /** A monitor…, unmonitor… or process… call: where it returns, what need not be protected is released at its end. */
  #call<Result>(body: (memory: OracleMemory) => Result): Result {
    const memory = this.#enter();
    this.#busy = true;
    this.#ledger.beginCall();
    try {
      const result = body(memory);
      this.#gathered = undefined;
      this.#releaseUnneeded();
      return result;
    } finally {
      this.#busy = false;
    }
  }

  #releaseUnneeded(): void {
    if (this.#protector === undefined) {
      return;
    }
    const { tables } = this.#gather();
    const protects = this.#memory === this.#protector;
    for (const key of [...this.#ledger.held.keys()]) {
      if (!protects || !tables.has(key)) {
        this.#ledger.release(this.#protector, key);
      }
    }
  }

  #gather(): Committed {
    this.#gathered ??= this.#gatherAnew();
    return this.#gathered;
  }

  #gatherAnew(): Committed {
    const entries = new Map<EntryKey, CommittedEntry>();
    const tables = new Set<TableKey>();
    for (const { view, result } of this.#addresses.values()) {
      for (const { pa: entryPa, value } of result.entries) {
        const key = entryKey(view, entryPa);
        const other = entries.get(key);
        if (other !== undefined && other.value !== value) {
          throw new Error(`the oracle has two values for entry ${key}`);
        }
        entries.set(key, { view, entryPa, value });
        tables.add(tableKey(view, Number(entryPa >> 12n)));
      }
    }
    return { entries, tables };
  }

  #monitorAll(memory: OracleMemory, root: bigint, vas: readonly bigint[], view: View, tagOf: (index: number) => Tag): void {
    const committed = this.#gather();
    const found = this.#reading(memory, committed, (reader) =>
      vas.map((va) =>
        this.#addresses.has(addressKey(view, root, va))
          ? undefined
          : walk(this.#mode, root, va, (pa) => committed.entries.get(entryKey(view, pa))?.value ?? reader.readEntry(view, pa)),
      ),
    );
    vas.forEach((va, i) => {
      const key = addressKey(view, root, va);
      const known = this.#addresses.get(key);
      if (known !== undefined) {
        known.references++;
      } else {
        this.#addresses.set(key, { view, root, va, tag: tagOf(i), references: 1, result: found[i] as WalkResult });
      }
    });
  }

  #process(memory: OracleMemory, isMarked: (entry: CommittedEntry) => boolean, walked: "marked" | "all"): PageTableMonitorEvent<Tag>[] {
    const committed = this.#gather();
    const walkedAnew = this.#reading(memory, committed, (reader) => {
      const inMemory = new Map<EntryKey, bigint | undefined>();
      for (const [key, entry] of committed.entries) {
        if (isMarked(entry)) {
          inMemory.set(key, reader.readEntry(entry.view, entry.entryPa));
        }
      }
      const results = new Map<MonitoredAddress<Tag>, WalkResult>();
      for (const address of this.#addresses.values()) {
        const { view, root, va, result } = address;
        if (walked === "all" || result.entries.some(({ pa }) => inMemory.has(entryKey(view, pa)))) {
          const valueIn = (pa: bigint): bigint | undefined => {
            const key = entryKey(view, pa);
            return inMemory.has(key) ? inMemory.get(key) : (committed.entries.get(key)?.value ?? reader.readEntry(view, pa));
          };
          results.set(address, walk(this.#mode, root, va, valueIn));
        }
      }
      return results;
    });
    const events = eventsOf(walkedAnew);
    for (const [address, result] of walkedAnew) {
      address.result = result;
    }
    return events;
  }

  #processAll(memory: OracleMemory): PageTableMonitorEvent<Tag>[] {
    try {
      return this.#process(memory, () => true, "all");
    } catch (error) {
      // What `memory` protected and could not release again is tried through it, where no memory before can protect.
      this.#protector ??= asProtecting(memory);
      throw error;
    }
  }

  #reading<Result>(memory: OracleMemory, committed: Committed, body: (reader: CallReader) => Result): Result {
    const reader = new CallReader(memory, this.#ledger, committed.tables);
    try {
      return body(reader);
    } catch (error) {
      reader.abort();
      throw error;
    }
  }

  #drop(ctx: AddressContext, view: View, references: number): void {
    this.#call(() => {
      const { va, root } = checkedContext(ctx, this.#mode.levels);
      checkIds(view);
      const key = addressKey(view, root, va);
      const address = this.#addresses.get(key);
      if (address !== undefined && address.references > references) {
        address.references -= references;
      } else {
        this.#addresses.delete(key);
      }
    });
  }

  #mark(pa: bigint, size: number, view: View, vcpuId: VcpuId): number {
    const stretch = this.#marks.add(vcpuId, view, pa, size);
    if (stretch === undefined) {
      return 0;
    }
    const monitored = [...this.#gather().entries.values()];
    return monitored.filter((entry) => entry.view === view && stretch.from <= entry.entryPa && entry.entryPa < stretch.to).length;
  }

  #translate(memory: OracleMemory, root: bigint, va: bigint): WalkResult {
    this.#busy = true;
    try {
      // Nothing is monitored, so nothing is protected: a reader over memory that cannot protect.
      const reader = new CallReader({ readFrame: (gfn, target) => memory.readFrame(gfn, target) }, new Ledger(), new Set());
      return walk(this.#mode, root, va, (pa) => reader.readEntry(0, pa));
    } finally {
      this.#busy = false;
    }
  }

  #find(view: View, root: bigint, va: bigint): MonitoredAddress<Tag> {
    return this.#addresses.get(addressKey(view, root, va)) as MonitoredAddress<Tag>;
  }
}

function addressKey(view: View, root: bigint, va: bigint): string {
  return `${view}:${root}:${va}`;
}
