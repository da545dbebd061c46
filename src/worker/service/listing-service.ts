/**
 * Address spaces as a worker lists, compares and sums them up for its caller: listings by the number of their handle,
 * and a cursor for each iteration.
 */

import { transfer } from "comlink";
import { PageTableError } from "../../model/errors.js";
import { openChanges } from "../../space/changes.js";
import type { ListingOptions } from "../../space/listing.js";
import type { SpaceSummary } from "../../space/mapping.js";
import { openMappings } from "../../space/mappings.js";
import type { SpaceOptions, UnreadableTable } from "../../space/options.js";
import { openChangesOfRoots } from "../../space/shared-changes.js";
import { summarize } from "../../space/summarize.js";
import { archOf } from "../wire/architecture-wire.js";
import { buffersOf } from "../wire/columns.js";
import type {
  ArchitectureWire,
  ColumnsOf,
  ListingKind,
  Page,
  SharedOptionsWire,
  SpaceOptionsWire,
  Ticket,
  UnitDeal,
} from "../wire/wire.js";
import type { Calls } from "./calls.js";
import type { DumpService } from "./dump-service.js";
import { ListingProgress, type ProgressOptions, WHOLE } from "./listing-progress.js";
import { onePart, PageCursor, partsOf } from "./page-cursor.js";
import { planUnits } from "./plan-units.js";
import { changeCollector, mappingCollector, sharedChangeCollector } from "./row-collectors.js";

export interface SummaryWire {
  readonly summary: SpaceSummary;
  readonly unreadable: readonly UnreadableTable[];
}

/** A listing that somebody may iterate, any number of times. */
interface OpenListing {
  readonly dumps: readonly number[];
  readonly begin: (deal: UnitDeal | undefined) => PageCursor<unknown>;
  /** Lets go of the tables, which are kept until then: it is known when nobody asks any more. */
  readonly letGo?: () => void;
  /** How far an iteration is; not of every listing. */
  readonly measure?: () => ListingProgress;
  /** Where it can be dealt out. */
  readonly plan?: () => UnitDeal["units"];
}
interface OpenCursor {
  readonly pages: PageCursor<unknown>;
  readonly dumps: readonly number[];
  readonly progress: ListingProgress | undefined;
}

type UnreadableSaid = Pick<SpaceOptions, "onUnreadable" | "signal" | "arch">;

export class ListingService {
  readonly #calls: Calls;
  readonly #dumps: DumpService;
  readonly #listings = new Map<number, OpenListing>();
  readonly #cursors = new Map<number, OpenCursor>();
  #lastId = 0;

  constructor(calls: Calls, dumps: DumpService) {
    this.#calls = calls;
    this.#dumps = dumps;
  }

  async openMappings(dump: number, options: SpaceOptionsWire, ticket: Ticket): Promise<number> {
    return this.#open([dump], options, ticket, async (space, unsaid) => {
      const listing = await openMappings(this.#dumps.get(dump), { ...options, ...space });
      listing.tables.keep();
      return {
        letGo: () => listing.tables.giveBack(),
        begin: () => new PageCursor(onePart(ownTeller(listing)), unsaid, mappingCollector),
        measure: this.#measure([dump], { ...options, arch: listing.tables.arch }),
      };
    });
  }

  async openChanges(before: number, after: number, options: SpaceOptionsWire, ticket: Ticket): Promise<number> {
    return this.#open([before, after], options, ticket, async (space, unsaid) => {
      const memories = [this.#dumps.get(before), this.#dumps.get(after)] as const;
      const listing = await openChanges(...memories, { ...options, ...space });
      listing.tables.keep();
      return {
        letGo: () => listing.tables.giveBack(),
        begin: (deal) => new PageCursor(partsOf(ownTeller(listing), deal), unsaid, changeCollector),
        measure: this.#measure([before, after], { ...options, arch: listing.tables.arch }),
        plan: () => planUnits(memories, listing.tables.arch, listing.root, listing.range),
      };
    });
  }

  async openChangesOfRoots(before: number, after: number, options: SharedOptionsWire, ticket: Ticket): Promise<number> {
    return this.#open([before, after], options, ticket, async (space, unsaid) => {
      const listing = await openChangesOfRoots(this.#dumps.get(before), this.#dumps.get(after), { ...options, ...space });
      return { begin: () => new PageCursor(listing.parts(listing.newTeller()), unsaid, sharedChangeCollector) };
    });
  }

  /** How a listing may be cut for several workers. */
  plan(listing: number, ticket: Ticket): UnitDeal["units"] {
    const open = this.#listings.get(listing);
    if (!open?.plan) throw gone();
    return this.#dumps.telling(open.dumps, () => this.#calls.runAtOnce(ticket, open.plan as () => UnitDeal["units"]));
  }

  /** Begins an iteration; answers its cursor. */
  begin(listing: number, deal?: UnitDeal): number {
    const open = this.#listings.get(listing);
    if (!open) throw gone();
    const id = ++this.#lastId;
    this.#cursors.set(id, { pages: open.begin(deal), dumps: open.dumps, progress: open.measure?.() });
    return id;
  }

  async nextPage<K extends ListingKind>(cursor: number, _kind: K, ticket: Ticket): Promise<Page<ColumnsOf[K]>> {
    const open = this.#cursors.get(cursor);
    if (!open) throw gone();
    const page = (await this.#dumps.tellingLater(open.dumps, () => this.#pageOf(open, ticket))) as Page<ColumnsOf[K]>;
    if (page.isLast) this.#cursors.delete(cursor);
    return transfer(page, buffersOf(page.columns));
  }

  async #pageOf({ pages, progress }: OpenCursor, ticket: Ticket): Promise<Page<unknown>> {
    if (!progress || ticket.progress === undefined) return this.#calls.runAtOnce(ticket, () => pages.next());
    return this.#calls.run(ticket, async (call) => {
      await progress.lookAhead(call);
      const tell = (): void => call.progress(progress.done(pages.reached), WHOLE);
      call.onRead = tell;
      const page = this.#calls.within(call, () => pages.next());
      if (page.isLast) call.progress(WHOLE, WHOLE);
      else tell();
      return page;
    });
  }

  #measure(dumps: readonly number[], options: ProgressOptions): () => ListingProgress {
    return () =>
      new ListingProgress(
        dumps.map((dump) => this.#dumps.get(dump)),
        options,
      );
  }

  /** Nobody reads on. */
  end(cursor: number): void {
    this.#cursors.get(cursor)?.pages.close();
    this.#cursors.delete(cursor);
  }

  /** The listing is nobody's any more. */
  forget(listing: number): void {
    this.#listings.get(listing)?.letGo?.();
    this.#listings.delete(listing);
  }

  async summarize(dump: number, options: SpaceOptionsWire, ticket: Ticket): Promise<SummaryWire> {
    return this.#calls.run(ticket, async (call) => {
      const unreadable: UnreadableTable[] = [];
      const said: UnreadableSaid = { ...archOf(options), signal: call, onUnreadable: (table) => unreadable.push(table) };
      const summary = await this.#dumps.tellingLater([dump], () => summarize(this.#dumps.get(dump).during(call), { ...options, ...said }));
      return { summary, unreadable };
    });
  }

  async #open(
    dumps: readonly number[],
    options: { readonly mode?: ArchitectureWire },
    ticket: Ticket,
    open: (space: UnreadableSaid, unsaid: UnreadableTable[]) => Promise<Omit<OpenListing, "dumps">>,
  ): Promise<number> {
    return this.#calls.run(ticket, async (call) => {
      const unsaid: UnreadableTable[] = [];
      const space = { ...archOf(options), signal: this.#calls.ambient, onUnreadable: (table: UnreadableTable) => unsaid.push(table) };
      const opened = await open(space, unsaid);
      call.throwIfAborted();
      const id = ++this.#lastId;
      this.#listings.set(id, { dumps, ...opened });
      return id;
    });
  }
}

/**
 * For one iteration: it says of each table that lacks that it does, whatever another has said, for what that one has
 * found may never be read. Whoever asked says it once.
 */
function ownTeller<Row>(listing: ListingOptions<Row>): ListingOptions<Row> {
  return { ...listing, teller: listing.tables.newTeller() };
}

function gone(): PageTableError {
  return new PageTableError("internal", "the worker has no such listing any more");
}
