/**
 * A listing that a worker makes, read a page of rows at a time.
 *
 * One page is asked for ahead of the reader, no more. An iteration that is left early, or forgotten, ends in the
 * worker.
 */

import { PageTableError } from "../../model/errors.js";
import { Turns } from "../../model/turns.js";
import type { UnreadableTable } from "../../space/options.js";
import type { CallOptions, RemoteDump, RemoteListing } from "../remote.js";
import type { ColumnsOf, ListingKind, Page } from "../wire/wire.js";
import type { Crew } from "./crew.js";
import type { Link } from "./link.js";
import { PageReader, type PageSource } from "./page-reader.js";

export interface ListingOptions<K extends ListingKind, Row> {
  readonly crew: Crew;
  readonly id: number;
  readonly kind: K;
  readonly signal: CallOptions["signal"];
  readonly onProgress?: CallOptions["onProgress"];
  readonly onUnreadable: ((table: UnreadableTable) => void) | undefined;
  readonly rowAt: (columns: ColumnsOf[K], row: number) => Row;
  /** Kept, so that they are not forgotten, and closed, while they are listed. */
  readonly dumps: readonly RemoteDump[];
  /** Makes the source of an iteration's pages; the first worker alone where not given. */
  readonly source?: () => PageSource<K>;
  /** Where else the listing is open, or comes to be. */
  readonly others?: readonly ListingPlace[];
}

export interface ListingPlace {
  readonly link: Link;
  readonly listing: number;
}

/** Let go of together: the first worker's, and all others as they come to be. */
interface ListingPlaces {
  readonly first: ListingPlace;
  readonly others: readonly ListingPlace[];
}

const forgottenListings = new FinalizationRegistry<ListingPlaces>(letGo);

function letGo({ first, others }: ListingPlaces): void {
  for (const { link, listing } of [first, ...others]) link.post((service) => service.listings.forget(listing));
}

export class ListingInWorker<K extends ListingKind, Row> implements RemoteListing<Row, ColumnsOf[K]> {
  readonly #options: ListingOptions<K, Row>;
  readonly #places: ListingPlaces;
  /** Keys of tables that have been said to be unreadable. */
  readonly #said = new Set<string>();
  #isClosed = false;

  constructor(options: ListingOptions<K, Row>) {
    this.#options = options;
    this.#places = { first: { link: options.crew.lead, listing: options.id }, others: options.others ?? [] };
    forgottenListings.register(this, this.#places, this);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    forgottenListings.unregister(this);
    letGo(this.#places);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Row> {
    return new RowIterator(this.#source(), this.#options, this);
  }

  pages(): AsyncIterableIterator<ColumnsOf[K]> {
    return new PageIterator(this.#source(), this.#options, this);
  }

  /** Tells of a table that lacks, whichever iteration met it: a worker tells it in each. */
  sayOnce(table: UnreadableTable): void {
    const key = `${table.in} ${table.gfn}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#options.onUnreadable?.(table);
  }

  #source(): PageSource<K> {
    if (this.#isClosed) throw new PageTableError("disposed", "the listing has been closed");
    return this.#options.source?.() ?? new PageReader(this.#options);
  }
}

/**
 * Rows that have come already are handed out without giving the thread a turn in between, so reading many of them would
 * keep it busy to the last. This is half the time of a frame on a screen, so that a garbage collection fits in beside
 * it.
 */
const LONGEST_AT_ONCE_MS = 6;
/** Rows between two looks at the clock. */
const CALLS_BETWEEN_LOOKS = 32;

type PageOf<K extends ListingKind> = Pick<Page<ColumnsOf[K]>, "columns" | "unreadable">;

/** An iteration: calls of `next` are answered in their order, whatever one gives. */
abstract class PagewiseIterator<K extends ListingKind, Row, Item> implements AsyncIterableIterator<Item> {
  readonly reader: PageSource<K>;
  readonly options: ListingOptions<K, Row>;
  /** Kept, so that the listing is not forgotten while it is read. */
  readonly listing: ListingInWorker<K, Row>;
  readonly #turns = new Turns(undefined, LONGEST_AT_ONCE_MS);
  #last: Promise<unknown> = Promise.resolve();
  /** Calls of `next` that have no answer yet. */
  #waiting = 0;
  #calls = 0;

  constructor(reader: PageSource<K>, options: ListingOptions<K, Row>, listing: ListingInWorker<K, Row>) {
    this.reader = reader;
    this.options = options;
    this.listing = listing;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Item>> {
    try {
      const there = this.#waiting > 0 || this.#isTurnDue() ? undefined : this.atOnce();
      if (there) return Promise.resolve(there);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#waiting++;
    const answer = this.#last
      .then(() => this.#turns.give())
      .then(() => this.advance())
      .finally(() => {
        this.#waiting--;
      });
    this.#last = answer.catch(() => {});
    return answer;
  }

  async return(): Promise<IteratorResult<Item>> {
    this.reader.end();
    return { done: true, value: undefined };
  }

  #isTurnDue(): boolean {
    return this.#calls++ % CALLS_BETWEEN_LOOKS === 0 && this.#turns.isDue;
  }

  /** What comes next where that need not be waited for; three promises fewer for each of many rows. */
  abstract atOnce(): IteratorResult<Item> | undefined;

  /** What comes next. */
  abstract advance(): Promise<IteratorResult<Item>>;

  /** The next page; a signal that is aborted stays so, and nobody reads on. */
  async nextPage(): Promise<PageOf<K> | undefined> {
    const { signal } = this.options;
    if (signal?.aborted === true) {
      this.reader.end();
      throw signal.reason;
    }
    return this.reader.next();
  }
}

class RowIterator<K extends ListingKind, Row> extends PagewiseIterator<K, Row, Row> {
  #page: PageOf<K> | undefined;
  #row = 0;
  #said = 0;

  override async return(): Promise<IteratorResult<Row>> {
    this.#page = undefined;
    return super.return();
  }

  atOnce(): IteratorResult<Row> | undefined {
    const page = this.#page;
    if (!page) return undefined;
    this.#say(page);
    if (this.#row >= page.columns.length) return undefined;
    return { done: false, value: this.options.rowAt(page.columns, this.#row++) };
  }

  async advance(): Promise<IteratorResult<Row>> {
    for (;;) {
      const row = this.atOnce();
      if (row) return row;
      this.#page = undefined;
      const next = await this.nextPage();
      if (!next) return { done: true, value: undefined };
      this.#page = next;
      this.#row = 0;
      this.#said = 0;
    }
  }

  /** Tells of the unreadable tables that come before the row that is next. */
  #say({ unreadable }: PageOf<K>): void {
    while (this.#said < unreadable.length && unreadable[this.#said].row <= this.#row) {
      this.listing.sayOnce(unreadable[this.#said++].table);
    }
  }
}

class PageIterator<K extends ListingKind, Row> extends PagewiseIterator<K, Row, ColumnsOf[K]> {
  atOnce(): undefined {
    return undefined;
  }

  async advance(): Promise<IteratorResult<ColumnsOf[K]>> {
    for (;;) {
      const page = await this.nextPage();
      if (!page) return { done: true, value: undefined };
      for (const { table } of page.unreadable) this.listing.sayOnce(table);
      if (page.columns.length > 0) return { done: false, value: page.columns };
    }
  }
}
