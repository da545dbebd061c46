/**
 * From marks to events: rules 2 to 5 and 9. The phases are those of assembly/monitor/process.ts.
 *
 * All that can throw, the driver's calls and the core's want of memory, comes before the first event; until then
 * everything can be taken back, and is.
 */

import { type Core, memoryExhausted, throwUnlessOk } from "../core/core.js";
import type { FrameReader } from "../core/frame-reader.js";
import * as layout from "../core/layout.js";
import type { EventColumns } from "../model/event.js";
import type { GuestMemory, MemoryProtection } from "../model/memory.js";
import { drainEvents, noEvents } from "./events.js";
import type { MarkedRanges } from "./marked-ranges.js";
import { type Protection, protectionOf } from "./protection.js";
import type { Spaces } from "./spaces.js";
import type { Standing } from "./standing.js";
import { forEachTable, sweepAfterFailure, sweepAfterSuccess, sweepTables } from "./sweep.js";

export class Processing<Tag> {
  readonly #core: Core;
  readonly #reader: FrameReader;
  readonly #spaces: Spaces;
  readonly #standing: Standing;
  readonly #protection: Protection;

  readonly #ranges: MarkedRanges;

  constructor(core: Core, reader: FrameReader, spaces: Spaces, standing: Standing, protection: Protection, ranges: MarkedRanges) {
    this.#core = core;
    this.#reader = reader;
    this.#spaces = spaces;
    this.#standing = standing;
    this.#protection = protection;
    this.#ranges = ranges;
  }

  /** Processes the marks of one vCPU. */
  dirty(memory: GuestMemory, vcpu: number, tags: readonly Tag[]): EventColumns<Tag> {
    const { exports } = this.#core;
    const events = this.#process(memory, tags, () => {
      throwUnlessOk(exports.collectMarked(vcpu));
      for (const { view, firstGfn, lastGfn } of this.#ranges.of(vcpu)) throwUnlessOk(exports.collectRange(view, firstGfn, lastGfn));
      for (let count = exports.nextReads(); count > 0; count = exports.nextReads()) this.#compare(memory, count, layout.DIFF_MARKED);
      throwUnlessOk(exports.affect());
    });
    exports.clearMarks(vcpu);
    this.#ranges.spend(vcpu);
    sweepAfterSuccess(this.#core, this.#protection);
    return events;
  }

  /** Compares every monitored entry with `memory`, through which tables are protected and released from here on. */
  snapshot(memory: GuestMemory & Partial<MemoryProtection>, tags: readonly Tag[]): EventColumns<Tag> {
    const { exports } = this.#core;
    const earlier = this.#protection.capability;
    const later = protectionOf(memory);
    this.#protection.use(later);
    let events: EventColumns<Tag>;
    try {
      events = this.#process(memory, tags, () => {
        exports.listTables();
        for (let count = exports.nextTables(); count > 0; count = exports.nextTables()) this.#compare(memory, count, layout.DIFF_ALL);
        throwUnlessOk(exports.affect());
        for (const space of this.#spaces.ordered) throwUnlessOk(exports.affectSpace(space.record));
      });
    } catch (error) {
      this.#protection.use(earlier);
      throw error;
    }
    exports.clearAllMarks();
    this.#ranges.spendAll();
    if (later && this.#protection.hasStuck) forEachTable(this.#core, (table) => this.#protection.readopt(table));
    this.#protection.retry();
    if (earlier && !later) this.#releaseAll(earlier);
    sweepTables(this.#core, this.#protection);
    return events;
  }

  /** The memory to come cannot protect: what is protected is released through the one before. */
  #releaseAll(earlier: MemoryProtection): void {
    this.#protection.use(earlier);
    forEachTable(this.#core, (table) => this.#protection.release(table));
    this.#protection.use(undefined);
  }

  #process(memory: GuestMemory, tags: readonly Tag[], compare: () => void): EventColumns<Tag> {
    const { exports } = this.#core;
    const mixed = new Set<number>();
    let changes: number = layout.UNDO_UNCOMMITTED;
    try {
      compare();
      if (this.#used(layout.CONTROL_AFFECTED) === 0) {
        exports.endProcessing();
        return noEvents(tags);
      }
      this.#collect(mixed);
      exports.commitChanges();
      changes = layout.UNDO_COMMITTED;
      exports.restand();
      this.#standing.restand(memory);
      throwUnlessOk(exports.listMoves());
    } catch (error) {
      exports.abandonTouched();
      exports.abandonReads();
      exports.undo(changes);
      exports.releaseScratch();
      exports.endProcessing();
      sweepAfterFailure(this.#core, this.#protection);
      throw error;
    }
    const events = drainEvents(this.#core, this.#spaces, tags, mixed);
    exports.move();
    exports.endProcessing();
    return events;
  }

  #compare(memory: GuestMemory, count: number, entries: typeof layout.DIFF_MARKED | typeof layout.DIFF_ALL): void {
    this.#reader.read(memory, count);
    throwUnlessOk(this.#core.exports.diffReads(count, entries));
  }

  #collect(mixed: Set<number>): void {
    for (const space of this.#spaces.ordered) {
      const tries = this.#core.exports.collectSpace(space.record) >>> 0;
      if (tries === layout.NO_MEMORY) throw memoryExhausted(undefined);
      if (tries > 1) mixed.add(space.id);
    }
  }

  #used(vector: number): number {
    return this.#core.control(vector + layout.VECTOR_USED);
  }
}
