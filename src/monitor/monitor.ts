/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The page-table monitor: its public face. The idea:
 *
 *   trie over the bits of the VA,                       tables under watch, one a (view, GFN):
 *   one a (view, root)                                  committed copy, bit a monitored entry
 *
 *        node ------------- stands on ----------------> PML4  [..#.....]
 *          | cell                                                |
 *        node ----------------------------------------> PDPT  [#.......]       <- read once protected,
 *          | cell                                                |                 marked by writes,
 *        node ----------------------------------------> PD    [...#....]          compared when processed
 *          | cell                                                |
 *        leaf ----------------------------------------> PT    [.##....#]
 *          | cell: offset, references, tag, backed               v
 *        addresses                                             PAs
 *
 * An address never moves when tables do: a changed entry has nodes stand elsewhere, and what their addresses then come to
 * against what they came to before are the events. All of that lies as columns in the core's memory (assembly/layout.ts).
 *
 * This file checks what comes in; the work is done by the files beside it:
 *
 *   monitoring   taking addresses in and giving them back          spaces      (view, root) -> the core's record
 *   processing   from marks and snapshots to events                tags        tags by number
 *   standing     which tables are needed, protected, read          protection  what was protected, and its release
 *   marking      marks of entries and of ranges                    call-guard  no call while another is under way
 */

import { Core, memoryExhausted } from "../core/core.js";
import { FrameReader } from "../core/frame-reader.js";
import { architectureOf, checkMaximumFrames, checkMemory } from "../core/memory-checks.js";
import { PathReader } from "../core/paths.js";
import { Translator } from "../core/translator.js";
import { type AddressContext, checkId, checkPhysicalAddress, type VcpuId, type View } from "../model/address.js";
import type { Architecture } from "../model/architecture.js";
import { PageTableError } from "../model/errors.js";
import type { EventColumns, PageTableMonitorEvent } from "../model/event.js";
import type { GuestMemory, MemoryProtection } from "../model/memory.js";
import type { Translation } from "../model/translation.js";
import { ADDRESSES, BACKED, CallGuard, ENTRIES, TABLES } from "./call-guard.js";
import { ContextCheck, checkSize, checkTagCount, checkVas, RootCleaner } from "./checks.js";
import { describeState } from "./description.js";
import { eventsOf } from "./events.js";
import { type Lookup, lookUp } from "./lookup.js";
import { MarkedRanges } from "./marked-ranges.js";
import { Marking } from "./marking.js";
import { Monitoring } from "./monitoring.js";
import { Processing } from "./processing.js";
import { Protection, protectionOf } from "./protection.js";
import { type Space, Spaces } from "./spaces.js";
import { Standing } from "./standing.js";
import { forEachTable, sweepAfterSuccess } from "./sweep.js";
import { Tags } from "./tags.js";

type Memory = GuestMemory & Partial<MemoryProtection>;

/** Watches virtual addresses of a guest and says exactly when they come to be backed and when they no longer are. */
export class PageTableMonitor<Tag = string> {
  readonly #core: Core;
  readonly #spaces: Spaces;
  readonly #tags: Tags<Tag>;
  readonly #protection: Protection;
  readonly #monitoring: Monitoring;
  readonly #processing: Processing<Tag>;
  readonly #marking: Marking;
  readonly #translator: Translator;
  readonly #ranges = new MarkedRanges();
  readonly #roots: RootCleaner;
  readonly #contexts: ContextCheck;
  readonly #paths: PathReader;
  readonly #guard: CallGuard;
  #memory: Memory | undefined;

  /**
   * A monitor over `memory`. Where that also has MemoryProtection, monitored tables are write-protected. `arch` defaults to
   * that of the first vCPU that a dump's notes give a mode for, else to `amd64()`. `maximumFrames` bounds the tables kept;
   * a call that needs more throws `memory-exhausted` and changes nothing. It also sizes the memory for all else that is kept,
   * addresses and marks among it: 64 KiB a table, 16 MiB at least.
   */
  static async create<Tag = string>(options: {
    memory: GuestMemory & Partial<MemoryProtection>;
    arch?: Architecture;
    maximumFrames?: number;
  }): Promise<PageTableMonitor<Tag>> {
    const { memory, maximumFrames } = options;
    checkMemory(memory);
    checkMaximumFrames(maximumFrames);
    const core = await Core.create(options.arch ?? architectureOf(memory), maximumFrames);
    return new PageTableMonitor<Tag>(core, memory, maximumFrames);
  }

  private constructor(core: unknown, memory: GuestMemory & Partial<MemoryProtection>, maximumFrames: number | undefined) {
    if (!(core instanceof Core)) throw new PageTableError("private-constructor", "use PageTableMonitor.create()");
    const reader = new FrameReader(core);
    this.#core = core;
    this.#guard = new CallGuard(core);
    this.#memory = memory;
    this.#roots = new RootCleaner(core);
    this.#contexts = new ContextCheck(core, this.#roots);
    this.#paths = new PathReader(core);
    this.#spaces = new Spaces(core);
    this.#tags = new Tags(core, this.#spaces);
    this.#protection = new Protection(core, protectionOf(memory));
    const standing = new Standing(core, reader, this.#protection, maximumFrames);
    this.#monitoring = new Monitoring({
      core,
      spaces: this.#spaces,
      standing,
      protection: this.#protection,
      startAnew: () => this.#reset(),
    });
    this.#marking = new Marking(core, this.#ranges);
    this.#processing = new Processing(core, reader, this.#spaces, standing, this.#protection, this.#ranges);
    this.#translator = new Translator(core, reader, maximumFrames);
  }

  /** Distinct (view, GFN) on any path. */
  get monitoredTables(): number {
    return this.#guard.count(TABLES);
  }

  /** Distinct (view, entry PA) on any path. */
  get monitoredEntries(): number {
    return this.#guard.count(ENTRIES);
  }

  get monitoredAddresses(): number {
    return this.#guard.count(ADDRESSES);
  }

  /** Monitored addresses that are backed. */
  get pagedInEntries(): number {
    return this.#guard.count(BACKED);
  }

  /** Monitors an address, once more where it already is; the path as committed. */
  monitor(ctx: AddressContext, view: View, tag: Tag): Translation {
    const memory = this.#enter();
    try {
      const root = this.#contexts.take(ctx);
      const { va } = ctx; // before a driver's callback may change it
      checkId(view, "view");
      const space = this.#ensureSpace(view, root);
      this.#monitoring.take(memory, space, this.#tags.indexOf(tag));
      return this.#paths.translation(va, root);
    } finally {
      this.#guard.leave();
    }
  }

  /**
   * Monitors many addresses of one root, all or none, with one tag for all or an array with one for each. Answers their
   * PAs as committed, NOT_BACKED where there is none.
   */
  monitorMany(root: bigint, vas: BigUint64Array, view: View, tags: Tag | readonly Tag[]): BigUint64Array {
    const memory = this.#enter();
    try {
      const cleared = this.#roots.clear(root);
      checkId(view, "view");
      checkVas(this.#core, vas);
      checkTagCount(vas, tags);
      if (vas.length === 0) {
        sweepAfterSuccess(this.#core, this.#protection);
        return new BigUint64Array(0);
      }
      const tagIndexes = this.#tags.indexesOf(tags);
      return this.#monitoring.takeMany(memory, this.#ensureSpace(view, cleared), vas, tagIndexes);
    } finally {
      this.#guard.leave();
    }
  }

  /** Gives back one reference. An address that is not monitored is no error. */
  unmonitor(ctx: AddressContext, view: View): void {
    this.#giveBack(ctx, view, "one");
  }

  /** Gives back all references of an address. */
  unmonitorByForce(ctx: AddressContext, view: View): void {
    this.#giveBack(ctx, view, "all");
  }

  /** Gives up every address. Marks stay. */
  unmonitorAll(): void {
    this.#enter();
    try {
      this.#giveUpAll();
    } finally {
      this.#guard.leave();
    }
  }

  /** Gives up every address of a view. */
  unmonitorView(view: View): void {
    this.#enter();
    try {
      checkId(view, "view");
      this.#monitoring.empty(this.#spaces.ordered.filter((space) => space.view === view));
      if (this.#monitoring.wantsReset) this.#reset();
    } finally {
      this.#guard.leave();
    }
  }

  /** What is kept of an address; undefined: it is not monitored. */
  lookup(ctx: AddressContext, view: View): Lookup<Tag> | undefined {
    this.#enter();
    try {
      const root = this.#contexts.take(ctx);
      checkId(view, "view");
      return lookUp(this.#core, this.#tags.all, this.#spaces.find(view, root), ctx.va);
    } finally {
      this.#guard.leave();
    }
  }

  /** Marks the entry at a PA, an address inside an entry meaning that entry; true where it is monitored in that view. */
  markDirtyEntry(entryPa: bigint, view: View, vcpuId: VcpuId): boolean {
    this.#guard.refuseEntry();
    checkPhysicalAddress(entryPa, "entryPa");
    checkId(view, "view");
    checkId(vcpuId, "vcpuId");
    return this.#marking.markEntry(entryPa, view, vcpuId);
  }

  /** A write of `size` bytes at `pa`, over frame ends too: marks every entry it touches; how many are monitored. */
  markDirtyRange(pa: bigint, size: number, view: View, vcpuId: VcpuId): number {
    this.#guard.refuseEntry();
    checkPhysicalAddress(pa, "pa");
    checkSize(size);
    checkId(view, "view");
    checkId(vcpuId, "vcpuId");
    return size === 0 ? 0 : this.#marking.markRange(pa, size, view, vcpuId);
  }

  /** Spends a vCPU's marks: the net events of all monitored addresses whose path holds a marked entry. */
  processDirtyEntries(vcpuId: VcpuId): PageTableMonitorEvent<Tag>[] {
    return eventsOf(this.processDirtyColumns(vcpuId));
  }

  /** As `processDirtyEntries`, in columns. */
  processDirtyColumns(vcpuId: VcpuId): EventColumns<Tag> {
    const memory = this.#enter();
    try {
      checkId(vcpuId, "vcpuId");
      return this.#processing.dirty(memory, vcpuId, this.#tags.all);
    } finally {
      this.#guard.leave();
    }
  }

  /** Replay: `memory` becomes the guest memory, and every monitored entry is compared with it. */
  processSnapshot(memory: GuestMemory & Partial<MemoryProtection>): PageTableMonitorEvent<Tag>[] {
    return eventsOf(this.processSnapshotColumns(memory));
  }

  /** As `processSnapshot`, in columns. */
  processSnapshotColumns(memory: GuestMemory & Partial<MemoryProtection>): EventColumns<Tag> {
    this.#enter();
    try {
      checkMemory(memory);
      const events = this.#processing.snapshot(memory, this.#tags.all);
      this.#translator.forget();
      this.#memory = memory;
      return events;
    } finally {
      this.#guard.leave();
    }
  }

  /** Translates from guest memory as it is now; monitors nothing. */
  translate(ctx: AddressContext): Translation {
    const memory = this.#enter();
    try {
      const root = this.#contexts.take(ctx);
      return this.#translator.translate(memory, root, ctx.va);
    } finally {
      this.#guard.leave();
    }
  }

  /** Translates many addresses of one root from guest memory as it is now; NOT_BACKED where one is not. */
  translateMany(root: bigint, vas: BigUint64Array): BigUint64Array {
    const memory = this.#enter();
    try {
      const cleared = this.#roots.clear(root);
      checkVas(this.#core, vas);
      return this.#translator.translateMany(memory, cleared, vas);
    } finally {
      this.#guard.leave();
    }
  }

  /** The state, for a person: several lines. */
  dump(): string {
    this.#enter();
    try {
      return describeState(this.#core, this.#spaces, this.#protection);
    } finally {
      this.#guard.leave();
    }
  }

  /** Gives up every address and lets the memory go. Afterwards every method throws `disposed`; doing it again does nothing. */
  dispose(): void {
    if (!this.#memory) return;
    this.#enter();
    try {
      this.#giveUpAll();
      this.#core.exports.clearAllMarks();
      this.#ranges.spendAll();
      this.#memory = undefined;
      this.#protection.letGo();
      this.#guard.close();
    } finally {
      this.#guard.leave();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #enter(): Memory {
    this.#guard.enter();
    return this.#memory as Memory;
  }

  #ensureSpace(view: View, root: bigint): Space {
    const space = this.#spaces.ensure(view, root);
    if (!space) throw memoryExhausted(undefined);
    return space;
  }

  #giveBack(ctx: AddressContext, view: View, references: "one" | "all"): void {
    this.#enter();
    try {
      const root = this.#contexts.take(ctx);
      checkId(view, "view");
      const isEmpty = this.#monitoring.giveBack(this.#spaces.find(view, root), references);
      if (isEmpty && this.#monitoring.wantsReset) this.#reset();
    } finally {
      this.#guard.leave();
    }
  }

  #giveUpAll(): void {
    this.#protection.retry();
    forEachTable(this.#core, (table) => this.#protection.release(table));
    this.#reset();
    this.#protection.endCall();
  }

  /** Nothing is monitored any more: all memory but that of the marks is free again. */
  #reset(): void {
    this.#core.exports.resetMonitor();
    this.#spaces.clear();
    this.#tags.clear();
    this.#translator.forget();
  }
}
