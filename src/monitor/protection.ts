/**
 * Write protection of the monitored tables: set before a table's first read, given back when its last entry goes.
 *
 * What each table had before stands in its record. A table that cannot be released is stuck: it still counts as
 * protected, is taken over without a call if it is monitored again, and otherwise tried again at the end of later calls.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import type { View } from "../model/address.js";
import { ViewNotFoundError } from "../model/errors.js";
import type { GuestMemory, MemoryAccess, MemoryProtection } from "../model/memory.js";

const READ_ONLY: MemoryAccess = 1;
const LOW_GFN_BITS = 32;
const VIEW_SHIFT = layout.GFN_BITS - BigInt(LOW_GFN_BITS);

/** A table that could not be released. */
export interface StuckTable {
  readonly gfn: number;
  readonly view: View;
  /** What it had before it was protected. */
  readonly access: MemoryAccess;
  readonly capability: MemoryProtection;
}

/** The protection that a guest memory offers, if it does. */
export function protectionOf(memory: GuestMemory & Partial<MemoryProtection>): MemoryProtection | undefined {
  return typeof memory.setMemoryAccess === "function" && typeof memory.memoryAccess === "function"
    ? (memory as GuestMemory & MemoryProtection)
    : undefined;
}

export class Protection {
  readonly #core: Core;
  readonly #stuck = new Map<string, StuckTable>();
  /** Taken over in the call under way: stuck again, without a call, if it fails. */
  readonly #takenOver = new Map<number, StuckTable>();
  #capability: MemoryProtection | undefined;

  constructor(core: Core, capability: MemoryProtection | undefined) {
    this.#core = core;
    this.#capability = capability;
  }

  get capability(): MemoryProtection | undefined {
    return this.#capability;
  }

  get stuck(): Iterable<StuckTable> {
    return this.#stuck.values();
  }

  /** Forgets every capability, and what could not be released: nothing is tried again. */
  letGo(): void {
    this.#capability = undefined;
    this.#stuck.clear();
    this.#takenOver.clear();
  }

  /** From here on tables are protected and released through another memory's capability. */
  use(capability: MemoryProtection | undefined): void {
    this.#capability = capability;
  }

  /** Protects a table before its first read. Answers what the driver threw, in a box, and undefined where all went well. */
  protect(table: number): { readonly error: unknown } | undefined {
    if (!this.#capability) return undefined; // what is stuck stays so: nothing is to be protected
    const { gfn, view } = this.#name(table);
    const stuck = this.#stuck.get(`${view}:${gfn}`);
    if (stuck) {
      this.#stuck.delete(`${view}:${gfn}`);
      this.#takenOver.set(table, stuck);
      this.#note(table, stuck.access);
      return undefined;
    }
    try {
      const access = this.#capability.memoryAccess(gfn, view);
      this.#capability.setMemoryAccess(gfn, view, READ_ONLY);
      this.#note(table, access);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Releases a table whose record is about to go, if it is protected. Never throws. */
  release(table: number): void {
    const flags = this.#core.u32[(table + layout.TABLE_FLAGS) >>> 2];
    if (!(flags & layout.TABLE_FLAG_PROTECTED)) return;
    const { gfn, view } = this.#name(table);
    const access = this.#core.u32[(table + layout.TABLE_ACCESS) >>> 2];
    this.#core.u32[(table + layout.TABLE_FLAGS) >>> 2] = flags & ~layout.TABLE_FLAG_PROTECTED;
    if (this.#capability) this.#tryRelease({ gfn, view, access, capability: this.#capability });
  }

  /** The call has failed: a table that was stuck before it is stuck again, without a call to the driver. */
  revert(table: number): boolean {
    const stuck = this.#takenOver.get(table);
    if (!stuck) return false;
    this.#stuck.set(`${stuck.view}:${stuck.gfn}`, stuck);
    return true;
  }

  /** Tries once more to release what is stuck. */
  retry(): void {
    if (this.#stuck.size === 0) return;
    for (const [key, stuck] of [...this.#stuck]) {
      this.#stuck.delete(key);
      this.#tryRelease(this.#capability ? { ...stuck, capability: this.#capability } : stuck);
    }
  }

  /**
   * Guest memory has changed to one that can protect: a table that is still monitored and that the memory before failed to
   * release is protected as any other again.
   */
  readopt(table: number): void {
    const { gfn, view } = this.#name(table);
    const stuck = this.#stuck.get(`${view}:${gfn}`);
    if (!stuck) return;
    this.#stuck.delete(`${view}:${gfn}`);
    this.#note(table, stuck.access);
  }

  /** True where the end of a call has anything to do here: a table is stuck, or has been taken over. */
  get isAtWork(): boolean {
    return this.#stuck.size > 0 || this.#takenOver.size > 0;
  }

  get hasStuck(): boolean {
    return this.#stuck.size > 0;
  }

  /** The call is over, whichever way. */
  endCall(): void {
    if (this.#takenOver.size) this.#takenOver.clear();
  }

  #tryRelease(table: StuckTable): void {
    try {
      table.capability.setMemoryAccess(table.gfn, table.view, table.access);
    } catch (error) {
      if (!(error instanceof ViewNotFoundError)) this.#stuck.set(`${table.view}:${table.gfn}`, table);
    }
  }

  #note(table: number, access: MemoryAccess): void {
    const { u32 } = this.#core;
    u32[(table + layout.TABLE_ACCESS) >>> 2] = access;
    u32[(table + layout.TABLE_FLAGS) >>> 2] |= layout.TABLE_FLAG_PROTECTED;
  }

  #name(table: number): { readonly gfn: number; readonly view: View } {
    return tableName(this.#core, table);
  }
}

/** (view, GFN) of a table record. */
export function tableName(core: Core, table: number): { readonly gfn: number; readonly view: View } {
  const low = core.u32[(table + layout.TABLE_KEY) >>> 2];
  const high = core.u32[(table + layout.TABLE_KEY + 4) >>> 2];
  const shift = Number(VIEW_SHIFT);
  return { gfn: (high & ((1 << shift) - 1)) * 2 ** LOW_GFN_BITS + low, view: high >>> shift };
}
