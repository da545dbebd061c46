/**
 * Pages of a comparison out of several workers: each takes the next unit of the address space when it is done with one.
 *
 * A worker is a few pages ahead of the reader, and no more. The worker that is at the lowest unit is never kept
 * waiting, since the reader waits for what it has found. Where a worker fails, the first worker does the whole again by
 * itself, and skips what has been passed on: whatever fails, the rows are those of one worker.
 */

import { throwIfAborted } from "../../model/turns.js";
import type { ChangeColumns } from "../wire/columns.js";
import type { Page, UnitDeal } from "../wire/wire.js";
import { rowsOf } from "./change-joins.js";
import { callOf, type Link } from "./link.js";
import { askPage, endCursor, PageReader, type PageSource, type PageSourceOptions } from "./page-reader.js";
import { UnitOrder } from "./unit-order.js";

type ChangePage = Pick<Page<ChangeColumns>, "columns" | "unreadable">;

/** The same listing in a worker of the crew. */
interface Assistant {
  readonly link: Link;
  readonly listing: number;
}

export interface DealtOptions extends PageSourceOptions<"changes"> {
  /** The first worker, then the others. */
  readonly workers: readonly Assistant[];
  /** Whether the others' copies of the dumps have proved different. */
  readonly differ: () => boolean;
  /** The listing anew, in the first worker, which may have been told to stop in the midst of a unit. */
  readonly reopen: () => Promise<number>;
}

const MOST_PAGES_AHEAD = 4;

const forgotten = new FinalizationRegistry<Set<{ readonly link: Link; readonly cursor: Promise<number> }>>((cursors) => {
  for (const cursor of cursors) endCursor(cursor);
});

export class DealtReader implements PageSource<"changes"> {
  readonly #options: DealtOptions;
  readonly #cursors = new Set<{ readonly link: Link; readonly cursor: Promise<number> }>();
  readonly #ready: ChangePage[] = [];
  #order: UnitOrder | undefined;
  readonly #asked = new Set<number>();
  readonly #done = new Set<number>();
  #failure: { readonly error: unknown; readonly worker: number } | undefined;
  #wake: () => void = () => {};
  /** No worker is asked for a unit any more. */
  #hasFallen = false;
  #alone: PageSource<"changes"> | undefined;
  /** Rows that have been passed on, and are to be passed over by whoever does the whole anew. */
  #passed = 0;
  #skip = 0;
  #isOver = false;

  constructor(options: DealtOptions) {
    this.#options = options;
    forgotten.register(this, this.#cursors, this);
  }

  async next(): Promise<ChangePage | undefined> {
    for (;;) {
      if (this.#isOver) return undefined;
      const page = await (this.#alone ? this.#nextAlone() : this.#nextDealt());
      if (page === "again") continue;
      if (!page) {
        this.end();
        return undefined;
      }
      this.#passed += page.columns.length;
      if (page.columns.length > 0 || page.unreadable.length > 0) return page;
    }
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    forgotten.unregister(this);
    this.#alone?.end();
    this.#stop();
  }

  async #nextDealt(): Promise<ChangePage | "again" | undefined> {
    if (!this.#order) await this.#begin();
    const order = this.#order as UnitOrder;
    const ready = this.#ready.shift();
    if (ready) return ready;
    if (this.#options.differ() || this.#failure) return this.#fall();
    this.#ready.push(...order.next());
    for (let worker = 0; worker < this.#options.workers.length; worker++) this.#pump(worker);
    if (this.#ready.length > 0) return "again";
    if (order.isOver) return undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return "again";
  }

  async #begin(): Promise<void> {
    const { crew, id, signal, workers } = this.#options;
    const options = signal === undefined ? {} : { signal };
    const units = await crew.lead.call("reads", options, (service, ticket) => service.listings.plan(id, ticket));
    const deal: UnitDeal = { units, next: new SharedArrayBuffer(4) };
    const cursors = workers.map(({ link, listing }) => ({
      link,
      cursor: link.call("reads", {}, (service) => service.listings.begin(listing, deal)),
    }));
    for (const cursor of cursors) {
      cursor.cursor.catch(() => {}); // said where a page is asked for
      this.#cursors.add(cursor);
    }
    this.#order = new UnitOrder(units.length, workers.length);
  }

  #pump(worker: number): void {
    const order = this.#order as UnitOrder;
    if (this.#isOver || this.#hasFallen || this.#asked.has(worker) || this.#done.has(worker)) return;
    if (order.pagesOf(worker) >= MOST_PAGES_AHEAD) return;
    const { link, cursor } = [...this.#cursors][worker];
    this.#asked.add(worker);
    const { signal, onProgress } = this.#options;
    // They are all at about the same place: one of them says where.
    const call = callOf(signal, worker === 0 ? onProgress : undefined);
    askPage(link, cursor, "changes", call).then(
      (page) => {
        this.#asked.delete(worker);
        if (page.isLast) this.#done.add(worker);
        order.add(worker, page);
        this.#pump(worker);
        this.#wake();
      },
      (error) => {
        this.#asked.delete(worker);
        this.#failure ??= { error, worker };
        this.#wake();
      },
    );
  }

  /** From here on the first worker does it alone. What it has failed with itself is said once. */
  async #fall(): Promise<"again"> {
    const failure = this.#failure;
    const { crew, kind, signal, onProgress, reopen } = this.#options;
    throwIfAborted(signal);
    if (crew.ended) throw crew.ended;
    this.#hasFallen = true;
    this.#stop();
    this.#alone = new PageReader<"changes">({ crew, id: await reopen(), kind, signal, onProgress });
    this.#skip = this.#passed;
    this.#ready.length = 0;
    if (failure?.worker === 0) throw failure.error;
    return "again";
  }

  async #nextAlone(): Promise<ChangePage | "again" | undefined> {
    const page = await this.#alone?.next();
    if (!page || this.#skip === 0) return page;
    const skipped = Math.min(this.#skip, page.columns.length);
    this.#skip -= skipped;
    const unreadable = page.unreadable.map(({ row, table }) => ({ row: Math.max(0, row - skipped), table }));
    return { columns: rowsOf(page.columns, skipped, page.columns.length), unreadable };
  }

  #stop(): void {
    for (const cursor of this.#cursors) endCursor(cursor);
    this.#cursors.clear();
  }
}
