/**
 * Protection in the naive monitor, and the reading of tables within one call.
 *
 * `Ledger` knows what is protected with which access before; `CallReader` reads the tables that one call needs, each
 * protected first, and can take all of it back. Rules 5, 6 and 7.
 */

import { ViewNotFoundError } from "../../src/model/errors.js";
import type { GuestMemory, MemoryAccess, MemoryProtection } from "../../src/model/memory.js";

export type OracleMemory = GuestMemory & Partial<MemoryProtection>;
export type ProtectingMemory = GuestMemory & MemoryProtection;

/** "view:gfn" */
export type TableKey = string;

const READ_ONLY: MemoryAccess = 1;
const FRAME_BYTES = 4096;

export function tableKey(view: number, gfn: number): TableKey {
  return `${view}:${gfn}`;
}

export function asProtecting(memory: OracleMemory): ProtectingMemory | undefined {
  return memory.memoryAccess !== undefined && memory.setMemoryAccess !== undefined ? (memory as ProtectingMemory) : undefined;
}

interface HeldTable {
  readonly view: number;
  readonly gfn: number;
  readonly before: MemoryAccess;
}

/** The tables that count as protected. */
export class Ledger {
  readonly held = new Map<TableKey, HeldTable>();
  /** Tables whose release was tried in this call: once is enough. */
  readonly #tried = new Set<TableKey>();

  beginCall(): void {
    this.#tried.clear();
  }

  protect(memory: ProtectingMemory, view: number, gfn: number): void {
    const before = memory.memoryAccess(gfn, view);
    memory.setMemoryAccess(gfn, view, READ_ONLY);
    this.held.set(tableKey(view, gfn), { view, gfn, before });
  }

  /** Never throws. Where it fails the table stays held, unless its view is gone. */
  release(memory: ProtectingMemory, key: TableKey): void {
    const table = this.held.get(key);
    if (table === undefined || this.#tried.has(key)) {
      return;
    }
    this.#tried.add(key);
    try {
      memory.setMemoryAccess(table.gfn, table.view, table.before);
    } catch (error) {
      if (!(error instanceof ViewNotFoundError)) {
        return;
      }
    }
    this.held.delete(key);
  }
}

/** Reads tables for one call; each table of each view once. */
export class CallReader {
  readonly #memory: OracleMemory;
  readonly #ledger: Ledger;
  readonly #monitoredBefore: ReadonlySet<TableKey>;
  readonly #tables = new Map<TableKey, BigUint64Array | undefined>();
  readonly #protectedHere: TableKey[] = [];

  constructor(memory: OracleMemory, ledger: Ledger, monitoredBefore: ReadonlySet<TableKey>) {
    this.#memory = memory;
    this.#ledger = ledger;
    this.#monitoredBefore = monitoredBefore;
  }

  /** The entry's value in memory; undefined where its table is unreadable. */
  readEntry(view: number, entryPa: bigint): bigint | undefined {
    const gfn = Number(entryPa >> 12n);
    const key = tableKey(view, gfn);
    if (!this.#tables.has(key)) {
      this.#tables.set(key, this.#readTable(view, gfn));
    }
    return this.#tables.get(key)?.[Number((entryPa & 0xfffn) >> 3n)];
  }

  /** The call throws: what it protected is given back. */
  abort(): void {
    const memory = asProtecting(this.#memory);
    if (memory !== undefined) {
      for (const key of this.#protectedHere.reverse()) {
        this.#ledger.release(memory, key);
      }
    }
  }

  #readTable(view: number, gfn: number): BigUint64Array | undefined {
    const memory = asProtecting(this.#memory);
    const key = tableKey(view, gfn);
    // Reading: a table that stays monitored sees no protection call, also where the memory before could not protect it.
    if (memory === undefined || this.#ledger.held.has(key) || this.#monitoredBefore.has(key)) {
      return this.#readFrame(gfn);
    }
    try {
      this.#ledger.protect(memory, view, gfn);
    } catch (error) {
      // Reading: where the protection fails and then the read throws too, it is the read's error that comes out.
      if (this.#readFrame(gfn) === undefined) {
        return undefined;
      }
      throw error;
    }
    this.#protectedHere.push(key);
    const frame = this.#readFrame(gfn);
    if (frame === undefined) {
      this.#ledger.release(memory, key);
    }
    return frame;
  }

  #readFrame(gfn: number): BigUint64Array | undefined {
    const bytes = new Uint8Array(FRAME_BYTES);
    return this.#memory.readFrame(gfn, bytes) ? new BigUint64Array(bytes.buffer) : undefined;
  }
}
