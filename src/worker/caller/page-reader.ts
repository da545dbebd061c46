/**
 * Pages of a listing out of one worker, the next one asked for while one is read.
 */

import type { CallOptions } from "../remote.js";
import type { ColumnsOf, ListingKind, Page } from "../wire/wire.js";
import type { Crew } from "./crew.js";
import { callOf, type Link } from "./link.js";

/** Where an iteration gets its pages from. */
export interface PageSource<K extends ListingKind> {
  /** The next page that has something to say; undefined: there is none. What rejects can be asked again. */
  next(): Promise<Pick<Page<ColumnsOf[K]>, "columns" | "unreadable"> | undefined>;
  /** Nobody reads on. */
  end(): void;
}

export interface PageSourceOptions<K extends ListingKind> {
  readonly crew: Crew;
  /** The listing in the first worker. */
  readonly id: number;
  readonly kind: K;
  readonly signal: CallOptions["signal"];
  readonly onProgress?: CallOptions["onProgress"];
}

/** The last resort for a reader that neither came to the end nor said that it would not. */
const forgottenCursors = new FinalizationRegistry<{ readonly link: Link; readonly cursor: Promise<number> }>(endCursor);

export class PageReader<K extends ListingKind> implements PageSource<K> {
  readonly #crew: Crew;
  readonly #id: number;
  readonly #kind: K;
  readonly #call: CallOptions;
  #cursor: Promise<number> | undefined;
  #ahead: Promise<Page<ColumnsOf[K]>> | undefined;
  #isOver = false;

  constructor({ crew, id, kind, signal, onProgress }: PageSourceOptions<K>) {
    this.#crew = crew;
    this.#id = id;
    this.#kind = kind;
    this.#call = callOf(signal, onProgress);
  }

  /** The next page that has something to say; undefined: there is none. What rejects can be asked again. */
  async next(): Promise<Page<ColumnsOf[K]> | undefined> {
    for (;;) {
      if (this.#isOver) return undefined;
      const asked = this.#ahead ?? this.#ask();
      this.#ahead = undefined;
      const page = await asked;
      if (page.isLast) this.end();
      else if (!this.#isOver) {
        this.#ahead = this.#ask();
        this.#ahead.catch(() => {}); // it is said to whoever asks for the page
      }
      if (page.columns.length > 0 || page.unreadable.length > 0) return page;
    }
  }

  /** Nobody reads on. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ahead = undefined;
    forgottenCursors.unregister(this);
    if (this.#cursor) endCursor({ link: this.#crew.lead, cursor: this.#cursor });
  }

  #ask(): Promise<Page<ColumnsOf[K]>> {
    // Nothing in here may hold the reader itself: a forgotten one is to be noticed.
    const [crew, id] = [this.#crew, this.#id];
    if (!this.#cursor) {
      this.#cursor = crew.lead.call("reads", {}, (service) => service.listings.begin(id));
      forgottenCursors.register(this, { link: crew.lead, cursor: this.#cursor }, this);
    }
    return askPage(crew.lead, this.#cursor, this.#kind, this.#call);
  }
}

/** A page of a cursor. Nothing in here holds whoever asks. */
export async function askPage<K extends ListingKind>(
  link: Link,
  cursor: Promise<number>,
  kind: K,
  options: CallOptions,
): Promise<Page<ColumnsOf[K]>> {
  const number = await cursor;
  const page = link.call<unknown>("reads", options, (service, ticket) => service.listings.nextPage(number, kind, ticket));
  return page as Promise<Page<ColumnsOf[K]>>;
}

export function endCursor({ link, cursor }: { readonly link: Link; readonly cursor: Promise<number> }): void {
  cursor.then(
    (id) => link.post((service) => service.listings.end(id)),
    () => {},
  );
}
