/**
 * The events of a replay, a row each, in columns of fixed size.
 *
 * Rows are kept in chunks that never move: growing copies nothing, and a million rows take some fifty megabytes. A row is a
 * stretch that changed (a whole address space was asked for) or one watched address (a list was). A VA counts in pages as a
 * number, which is exact below 2^53; the address itself stands beside it.
 *
 *   | column     | a row                                                                       |
 *   | ---------- | --------------------------------------------------------------------------- |
 *   | step       | index of the dump that shows it                                             |
 *   | type       | place in EVENT_TYPES                                                        |
 *   | va, page   | first byte; the same in pages                                               |
 *   | pages      | length                                                                      |
 *   | tag        | place in the list of tags, plus one; 0 where there is none                  |
 *   | beforePa … | leaf before: PA, log2 of the page's size, access bits; size 0 where none    |
 *   | afterPa …  | leaf after                                                                  |
 *   | fault      | place in FAULTS, why a watched address is no longer backed                  |
 */

import type { Access, Fault } from "page-table-monitor";
import type { ChangeColumns } from "page-table-monitor/worker";

export const EVENT_TYPES = ["page-in", "page-out", "remap", "access", "page-size"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const FAULTS: readonly (Fault | undefined)[] = [undefined, "not-present", "reserved-bit", "unreadable-table"];

export const READ = 1;
export const WRITE = 2;
export const EXECUTE = 4;
export const USER = 8;
/** Said of no event: the access is not known (a watched address has none). */
export const NO_ACCESS_SAID = 16;

const CHUNK_BITS = 16;
const CHUNK_ROWS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_ROWS - 1;
export const PAGE_BYTES = 4096n;
const PAGE_SHIFT = 12;

export interface Leaf {
  readonly pa: bigint;
  readonly pageSize: number;
  /** Undefined where an event says nothing of it. */
  readonly access: Access | undefined;
}

/** One row, for a person to read. */
export interface EventRow {
  readonly row: number;
  readonly step: number;
  readonly type: EventType;
  readonly va: bigint;
  /** Bytes. */
  readonly length: bigint;
  /** Place in the list of tags. */
  readonly tag: number | undefined;
  readonly before: Leaf | undefined;
  readonly after: Leaf | undefined;
  readonly fault: Fault | undefined;
}

export class Chunk {
  readonly step = new Uint16Array(CHUNK_ROWS);
  readonly type = new Uint8Array(CHUNK_ROWS);
  readonly va = new BigUint64Array(CHUNK_ROWS);
  readonly page = new Float64Array(CHUNK_ROWS);
  readonly pages = new Float64Array(CHUNK_ROWS);
  readonly tag = new Uint32Array(CHUNK_ROWS);
  readonly beforePa = new BigUint64Array(CHUNK_ROWS);
  readonly beforeSize = new Uint8Array(CHUNK_ROWS);
  readonly beforeAccess = new Uint8Array(CHUNK_ROWS);
  readonly afterPa = new BigUint64Array(CHUNK_ROWS);
  readonly afterSize = new Uint8Array(CHUNK_ROWS);
  readonly afterAccess = new Uint8Array(CHUNK_ROWS);
  readonly fault = new Uint8Array(CHUNK_ROWS);

  /** The rows `from` to `to` of `changes`, from place `start` on: column by column, as fast as memory is. */
  setChanges(start: number, step: number, changes: ChangeColumns, from: number, to: number): void {
    const length = to - from;
    this.step.fill(step, start, start + length);
    this.type.set(changes.type.subarray(from, to), start);
    this.va.set(changes.va.subarray(from, to), start);
    this.beforePa.set(changes.paBefore.subarray(from, to), start);
    this.beforeAccess.set(changes.accessBefore.subarray(from, to), start);
    this.afterPa.set(changes.paAfter.subarray(from, to), start);
    this.afterAccess.set(changes.accessAfter.subarray(from, to), start);
    setPages(this.page, start, changes.va.subarray(from, to));
    setPages(this.pages, start, changes.bytes.subarray(from, to));
    for (let i = 0; i < length; i++) {
      this.beforeSize[start + i] = sizeBits(changes.pageSizeBefore[from + i] as number);
      this.afterSize[start + i] = sizeBits(changes.pageSizeAfter[from + i] as number);
    }
  }
}

const HIGH_WORD_PAGES = 2 ** (32 - PAGE_SHIFT);

/** Bytes as pages, from place `start` on, without a bigint each. */
export function setPages(pages: Float64Array, start: number, bytes: BigUint64Array): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    pages[start + i] = (words[2 * i + 1] as number) * HIGH_WORD_PAGES + ((words[2 * i] as number) >>> PAGE_SHIFT);
  }
}

/** A watched address that came to be backed or no longer is. */
export interface WatchedEvent {
  readonly step: number;
  readonly isPageIn: boolean;
  readonly va: bigint;
  readonly pa: bigint;
  readonly pageSize: number;
  readonly tag: number;
  /** Place in FAULTS. */
  readonly fault: number;
}

export class EventStore {
  readonly chunks: Chunk[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Their types and access bits are numbered as ours are. */
  addChanges(step: number, changes: ChangeColumns): void {
    for (let from = 0; from < changes.length; ) {
      if ((this.#length & CHUNK_MASK) === 0) this.chunks.push(new Chunk());
      const start = this.#length & CHUNK_MASK;
      const to = Math.min(changes.length, from + CHUNK_ROWS - start);
      (this.chunks[this.chunks.length - 1] as Chunk).setChanges(start, step, changes, from, to);
      this.#length += to - from;
      from = to;
    }
  }

  addWatched(event: WatchedEvent): void {
    const [chunk, i] = this.#next();
    chunk.step[i] = event.step;
    chunk.type[i] = event.isPageIn ? 0 : 1;
    setPlace(chunk, i, event.va, PAGE_BYTES);
    chunk.tag[i] = event.tag + 1;
    chunk.fault[i] = event.fault;
    if (event.isPageIn) {
      chunk.afterPa[i] = event.pa;
      chunk.afterSize[i] = sizeBits(event.pageSize);
      chunk.afterAccess[i] = NO_ACCESS_SAID;
    } else {
      chunk.beforePa[i] = event.pa;
      chunk.beforeSize[i] = sizeBits(event.pageSize);
      chunk.beforeAccess[i] = NO_ACCESS_SAID;
    }
  }

  row(row: number): EventRow {
    const { chunk, place: i } = this.at(row);
    const tag = chunk.tag[i] as number;
    return {
      row,
      step: chunk.step[i] as number,
      type: EVENT_TYPES[chunk.type[i] as number] as EventType,
      va: chunk.va[i] as bigint,
      length: BigInt(chunk.pages[i] as number) * PAGE_BYTES,
      tag: tag === 0 ? undefined : tag - 1,
      before: leafOf(chunk.beforePa[i], chunk.beforeSize[i], chunk.beforeAccess[i]),
      after: leafOf(chunk.afterPa[i], chunk.afterSize[i], chunk.afterAccess[i]),
      fault: FAULTS[chunk.fault[i] as number],
    };
  }

  /** The chunk of a row, and the row's place in it. */
  at(row: number): { readonly chunk: Chunk; readonly place: number } {
    return { chunk: this.chunks[row >>> CHUNK_BITS] as Chunk, place: row & CHUNK_MASK };
  }

  #next(): [Chunk, number] {
    const place = this.#length & CHUNK_MASK;
    if (place === 0) this.chunks.push(new Chunk());
    this.#length++;
    return [this.chunks[this.chunks.length - 1] as Chunk, place];
  }
}

/** Pages, exact: a VA has 52 bits of them. */
export function pageOf(va: bigint): number {
  return Number(va >> 12n);
}

export function accessOfBits(bits: number): Access {
  return { read: (bits & READ) !== 0, write: (bits & WRITE) !== 0, execute: (bits & EXECUTE) !== 0, user: (bits & USER) !== 0 };
}

function setPlace(chunk: Chunk, i: number, va: bigint, length: bigint): void {
  chunk.va[i] = va;
  chunk.page[i] = pageOf(va);
  chunk.pages[i] = Number(length >> BigInt(PAGE_SHIFT));
}

/** log2; 0 where there is no page. */
function sizeBits(pageSize: number): number {
  return pageSize === 0 ? 0 : 31 - Math.clz32(pageSize);
}

function leafOf(pa: bigint | undefined, size: number | undefined, access: number | undefined): Leaf | undefined {
  if (pa === undefined || !size) return undefined;
  return { pa, pageSize: 2 ** size, access: access === undefined || access === NO_ACCESS_SAID ? undefined : accessOfBits(access) };
}
