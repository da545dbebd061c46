/**
 * A lazy listing: rows of the core as objects, a window at a time, each iteration with a cursor of its own.
 *
 * The first window is small, so that the first stretch comes at once. Before a table is said to be unreadable the caller has all
 * that comes before it; a call of `next` that throws can be made again.
 */

import { Breath } from "./breath.js";
import type { Kernel } from "./kernels.js";
import { type AddressRange, type LinearRange, linearRange } from "./options.js";
import { NO_DEADLINE, type SpaceTables } from "./tables.js";

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

export interface ListingOptions<Row> {
  readonly tables: SpaceTables;
  /** Called when an iteration begins, and when it has ended. */
  readonly begin?: () => void;
  readonly end?: () => void;
  readonly kernel: Kernel;
  readonly root: bigint;
  readonly range: LinearRange;
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
    this.#options.begin?.();
    return new ListingIterator(this.#options);
  }

  slices(): AsyncGenerator<ListingSlice<Row>> {
    return slicesOf(this.#options, new Breath(this.#options.tables.signal));
  }

  over(range: AddressRange): Listing<Row> {
    const { tables } = this.#options;
    tables.keep();
    return new Listing({ ...this.#options, range: linearRange(tables.mode, range) });
  }
}

/** A slice is what the core finds in one go, until `breath` is due. */
export async function* slicesOf<Row>(options: ListingOptions<Row>, breath: Breath): AsyncGenerator<ListingSlice<Row>> {
  options.begin?.();
  const rows = new ListingIterator(options);
  try {
    while (!rows.hasEnded) {
      await breath.take();
      yield rows.take(breath.dueMs);
    }
  } finally {
    rows.return();
  }
}

class ListingIterator<Row> implements IterableIterator<Row> {
  readonly #options: ListingOptions<Row>;
  #cursor: number | undefined;
  #rows: Row[] = [];
  #next = 0;
  #capacity = FIRST_WINDOW;
  #unsaid = false;
  #ended = false;

  constructor(options: ListingOptions<Row>) {
    this.#options = options;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Row> {
    while (this.#next === this.#rows.length) {
      if (this.#ended) return this.return();
      this.#refill();
    }
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
    return { rows, va: tables.vaOf(this.#cursor as number), tables: tables.tablesRead };
  }

  return(): IteratorResult<Row> {
    const { tables, end } = this.#options;
    if (this.#cursor !== undefined) {
      tables.closeCursor(this.#cursor);
      this.#cursor = undefined;
      end?.();
    }
    this.#ended = true;
    this.#rows = [];
    this.#next = 0;
    return { done: true, value: undefined };
  }

  #refill(deadlineMs = NO_DEADLINE): void {
    const { tables, kernel, root, range, decode } = this.#options;
    this.#cursor ??= tables.openCursor(root, range);
    if (this.#unsaid) {
      this.#unsaid = false;
      tables.sayUnreadable(this.#cursor);
      return;
    }
    const outcome = tables.run(kernel, this.#cursor, this.#capacity, deadlineMs);
    const rows: Row[] = [];
    for (let place = 0; place < tables.rowCount; place++) rows.push(decode(tables, place));
    this.#rows = rows;
    this.#next = 0;
    this.#ended = outcome === "done";
    this.#unsaid = outcome === "unreadable";
    this.#capacity = Math.min(this.#capacity * GROWTH, LARGEST_WINDOW);
  }
}
