/**
 * A lazy listing: rows of the core as objects, a window at a time, each iteration with a cursor of its own.
 *
 * The first window is small, so that the first stretch comes at once. Before a table is said to be unreadable the caller has all
 * that comes before it; a call of `next` that throws can be made again.
 */

import type { LinearRange } from "./options.js";
import type { Kernel, SpaceTables } from "./tables.js";

export interface ListingOptions<Row> {
  readonly tables: SpaceTables;
  /** Called when an iteration begins. */
  readonly begin?: () => void;
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

export class Listing<Row> implements Iterable<Row> {
  readonly #options: ListingOptions<Row>;

  constructor(options: ListingOptions<Row>) {
    this.#options = options;
  }

  [Symbol.iterator](): IterableIterator<Row> {
    this.#options.begin?.();
    return new ListingIterator(this.#options);
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

  return(): IteratorResult<Row> {
    this.#ended = true;
    this.#rows = [];
    this.#next = 0;
    if (this.#cursor !== undefined) this.#options.tables.closeCursor(this.#cursor);
    this.#cursor = undefined;
    return { done: true, value: undefined };
  }

  #refill(): void {
    const { tables, kernel, root, range, decode } = this.#options;
    this.#cursor ??= tables.openCursor(root, range);
    if (this.#unsaid) {
      this.#unsaid = false;
      tables.sayUnreadable(this.#cursor);
      return;
    }
    const outcome = tables.run(kernel, this.#cursor, this.#capacity);
    const rows: Row[] = [];
    for (let place = 0; place < tables.rowCount; place++) rows.push(decode(tables, place));
    this.#rows = rows;
    this.#next = 0;
    this.#ended = outcome === "done";
    this.#unsaid = outcome === "unreadable";
    this.#capacity = Math.min(this.#capacity * GROWTH, LARGEST_WINDOW);
  }
}
