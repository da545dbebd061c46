/**
 * Listings on the worker's side: cursors that give their rows a page at a time, as columns.
 *
 * A page is full, or its time is up: then what there is goes, be it nothing, so that other calls have their turn.
 */

import type { ListingOptions } from "../../space/listing.js";
import { signedVa, type UnreadableTable } from "../../space/options.js";
import { Walk } from "../../space/walk.js";
import type { Page, UnitDeal, UnreadableWire } from "../wire/wire.js";
import type { RowCollector } from "./row-collectors.js";

/** What a part of a listing has to say beside its rows. */
interface Part {
  readonly listing: ListingOptions<unknown>;
  readonly roots: readonly bigint[];
  /** Its number where several workers take parts of one listing. */
  readonly unit?: number;
}

const FIRST_PAGE = 16;
/**
 * To make objects of more rows than this would keep the caller's thread busy for longer than a frame on a screen takes.
 */
const LARGEST_PAGE = 1024;
const GROWTH = 8;
const PAGE_TIME_MS = 20;

export class PageCursor<Columns> {
  readonly #parts: Iterator<Part>;
  readonly #makeCollector: (capacity: number) => RowCollector<Columns>;
  readonly #unsaid: UnreadableTable[];
  #part: Part | undefined;
  #walk: Walk | undefined;
  #capacity = FIRST_PAGE;
  #mustSay = false;
  #isOver = false;
  #reached: bigint | undefined;
  /** Of a page that is not yet given. */
  #collector: RowCollector<Columns> | undefined;
  #unreadable: UnreadableWire[] = [];
  /** Units of which the page has a beginning. */
  #units: { readonly unit: number; readonly row: number }[] = [];

  /** `unsaid` is where the tables say which of them are unreadable. */
  constructor(parts: Iterable<Part>, unsaid: UnreadableTable[], makeCollector: (capacity: number) => RowCollector<Columns>) {
    this.#parts = parts[Symbol.iterator]();
    this.#makeCollector = makeCollector;
    this.#unsaid = unsaid;
  }

  /** What throws leaves the cursor as it was, but for rows that then come with the next page. */
  next(): Page<Columns> {
    const deadline = performance.now() + PAGE_TIME_MS;
    this.#collector ??= this.#makeCollector(this.#capacity);
    const collector = this.#collector;
    while (!this.#isOver && collector.length < this.#capacity && performance.now() < deadline) this.#advance(collector, deadline);
    this.#collector = undefined;
    const unreadable = this.#unreadable;
    this.#unreadable = [];
    if (collector.length >= this.#capacity) this.#capacity = Math.min(this.#capacity * GROWTH, LARGEST_PAGE);
    const units = this.#units;
    const open = this.#part?.unit;
    this.#units = open === undefined ? [] : [{ unit: open, row: 0 }];
    return { columns: collector.finish(), unreadable, units, ...(open === undefined ? {} : { open }), isLast: this.#isOver };
  }

  /** What lies before this VA has been listed; undefined before the first. */
  get reached(): bigint | undefined {
    return this.#reached;
  }

  /** Lets go of the core's cursor. */
  close(): void {
    this.#isOver = true;
    this.#walk?.close();
    this.#walk = undefined;
    this.#parts.return?.();
  }

  #advance(collector: RowCollector<Columns>, deadline: number): void {
    const part = this.#currentPart(collector.length);
    if (!part) {
      this.#isOver = true;
      return;
    }
    const { tables } = part.listing;
    this.#walk ??= new Walk(part.listing, part.listing.begin());
    if (this.#mustSay) {
      this.#mustSay = false;
      this.#walk.sayUnreadable();
      this.#noteUnsaid(collector.length);
      return;
    }
    const outcome = this.#walk.run(this.#capacity - collector.length, deadline);
    this.#reached = signedVa(tables.mode, this.#walk.at);
    collector.take(tables.core, tables.rowCount, part.roots);
    if (outcome === "unreadable") this.#mustSay = true;
    if (outcome === "done") {
      this.#walk.close();
      this.#walk = undefined;
      this.#part = undefined;
    }
  }

  #noteUnsaid(row: number): void {
    const unit = this.#part?.unit;
    const isOpen = this.#walk?.hasOpenRow === true;
    const where = { ...(unit === undefined ? {} : { unit }), ...(isOpen ? { isOpen } : {}) } as const;
    for (const table of this.#unsaid.splice(0)) this.#unreadable.push({ row, table, ...where });
  }

  #currentPart(row: number): Part | undefined {
    if (this.#part) return this.#part;
    const { done, value } = this.#parts.next();
    this.#noteUnsaid(row); // what is found to be unreadable while the parts are made out
    if (done === true) return undefined;
    this.#part = value;
    if (value.unit !== undefined) this.#units.push({ unit: value.unit, row });
    return value;
  }
}

/** A listing of one root as the parts that it consists of: one, or units that several workers take by turns. */
export function partsOf(listing: ListingOptions<unknown>, deal: UnitDeal | undefined): Iterable<Part> {
  return deal ? dealtParts(listing, deal) : onePart(listing);
}

export function* onePart(listing: ListingOptions<unknown>): Generator<Part> {
  yield { listing, roots: [] };
}

/** Over a counter in shared memory. */
function* dealtParts(listing: ListingOptions<unknown>, { units, next }: UnitDeal): Generator<Part> {
  const counter = new Int32Array(next);
  for (let unit = Atomics.add(counter, 0, 1); unit < units.length; unit = Atomics.add(counter, 0, 1)) {
    yield { listing: { ...listing, range: units[unit] }, roots: [], unit };
  }
}
