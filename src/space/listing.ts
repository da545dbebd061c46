/**
 * A lazy listing: rows of the core as objects, a window at a time, each iteration with a cursor of its own.
 *
 * The first window is small, so that the first stretch comes at once. Before a table is said to be unreadable the
 * caller has every stretch that had ended before it; a call of `next` that throws can be made again.
 */

import { Turns, throwIfAborted } from "../model/turns.js";
import { type AddressRange, linearRange, signedVa } from "./options.js";
import { NO_DEADLINE, type SpaceTables } from "./tables.js";
import { Walk, type WalkOptions } from "./walk.js";

/** Rows of a listing that came in one go, and how far the listing is with them. */
export interface ListingSlice<Row> {
  /** May be none: where much is walked and nothing found. */
  readonly rows: readonly Row[];
  /** What lies before this VA has been listed, of the root that the listing is at. */
  readonly va: bigint;
  /** Tables read so far, on both sides where there are two. */
  readonly tables: number;
}

/** Rows, ascending and lazy. Each iteration begins anew. */
export interface SpaceListing<Row> extends Iterable<Row> {
  /**
   * The same rows in slices: between two of them others have their turn, several times in a tenth of a second, however
   * much is walked without a row.
   *
   * @example
   * for await (const { rows, tables } of (await changes(monday, tuesday, { root })).slices()) console.log(rows.length, tables);
   */
  slices(): AsyncIterable<ListingSlice<Row>>;
  /** The same of another range; tables that have been read need not be read again. Throws as what made this listing. */
  over(range: AddressRange): SpaceListing<Row>;
}

export interface ListingOptions<Row> extends WalkOptions {
  /** Called when an iteration begins; answers the generation of the tables that it may use. */
  readonly begin: () => number;
  /** Called when it has ended. */
  readonly end?: () => void;
  /** The object of the row at `place` in the window. */
  readonly decode: (tables: SpaceTables, place: number) => Row;
}

const FIRST_WINDOW = 16;
/** No larger: rows that wait to be taken are copied by every collection meanwhile. */
const LARGEST_WINDOW = 256;
const GROWTH = 4;

export class Listing<Row> implements SpaceListing<Row> {
  readonly #options: ListingOptions<Row>;

  constructor(options: ListingOptions<Row>) {
    this.#options = options;
  }

  [Symbol.iterator](): IterableIterator<Row> {
    return new ListingIterator(this.#options);
  }

  slices(): AsyncGenerator<ListingSlice<Row>> {
    return slicesOf(this.#options, new Turns(this.#options.tables.signal));
  }

  over(range: AddressRange): Listing<Row> {
    const { tables } = this.#options;
    tables.keep();
    return new Listing({ ...this.#options, range: linearRange(tables.mode, range) });
  }
}

/** A slice is what the core finds in one go, until `turns` is due. */
export async function* slicesOf<Row>(options: ListingOptions<Row>, turns: Turns): AsyncGenerator<ListingSlice<Row>> {
  const rows = new ListingIterator(options);
  try {
    while (!rows.hasEnded) {
      await turns.give();
      yield rows.take(turns.dueMs);
    }
  } finally {
    rows.return();
  }
}

export class ListingIterator<Row> implements IterableIterator<Row> {
  readonly #options: ListingOptions<Row>;
  readonly #walk: Walk;
  #rows: Row[] = [];
  #next = 0;
  #capacity = FIRST_WINDOW;
  #hasBegun = false;
  #unsaid = false;
  #ended = false;

  constructor(options: ListingOptions<Row>) {
    this.#options = options;
    this.#walk = new Walk(options, options.begin());
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Row> {
    while (this.#next === this.#rows.length) {
      if (this.#ended) return this.return();
      this.#refill();
    }
    throwIfAborted(this.#options.tables.signal);
    return { done: false, value: this.#rows[this.#next++] };
  }

  get hasEnded(): boolean {
    return this.#ended && this.#next === this.#rows.length;
  }

  /** What there is by `deadlineMs`. Not to be mixed with `next`. */
  take(deadlineMs: number): ListingSlice<Row> {
    // To say what is unreadable brings no rows.
    this.#rows = [];
    this.#next = 0;
    this.#refill(deadlineMs);
    const rows = this.#rows;
    this.#next = rows.length;
    const { tables } = this.#options;
    return { rows, va: signedVa(tables.mode, this.#walk.at), tables: tables.tablesRead };
  }

  return(): IteratorResult<Row> {
    this.#walk.close();
    if (this.#hasBegun) this.#options.end?.();
    this.#hasBegun = false;
    this.#ended = true;
    this.#rows = [];
    this.#next = 0;
    return { done: true, value: undefined };
  }

  #refill(deadlineMs = NO_DEADLINE): void {
    const { tables, decode } = this.#options;
    this.#hasBegun = true;
    if (this.#unsaid) {
      this.#unsaid = false;
      this.#walk.sayUnreadable();
      return;
    }
    const outcome = this.#walk.run(this.#capacity, deadlineMs);
    const rows: Row[] = [];
    for (let place = 0; place < tables.rowCount; place++) rows.push(decode(tables, place));
    this.#rows = rows;
    this.#next = 0;
    this.#ended = outcome === "done";
    this.#unsaid = outcome === "unreadable";
    this.#capacity = Math.min(this.#capacity * GROWTH, LARGEST_WINDOW);
  }
}
