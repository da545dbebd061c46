/**
 * What changed in many address spaces at once, said once where they share it: the kernel's half, above all.
 *
 * Address spaces share what their top-level entries have in common. The slots are grouped by what they say in both states; a
 * group is compared once, by the first of its roots.
 */

import { clearedRootIn } from "../arch/cleared-root.js";
import * as layout from "../core/layout.js";
import type { GuestMemory } from "../model/memory.js";
import { Turns } from "../model/turns.js";
import { type Change, type SharedChange, sharedBy } from "./change.js";
import { compareSpace, rootEntries } from "./kernels.js";
import { ListingIterator, type ListingOptions, type ListingSlice, type SpaceListing, slicesOf } from "./listing.js";
import { openStates } from "./opening.js";
import { type AddressRange, checkOptionsOfRoots, type LinearRange, linearRange, type SpaceOptions } from "./options.js";
import { decodeChange } from "./row-objects.js";
import type { CursorOptions, SpaceTables } from "./tables.js";

export interface SharedOptions extends Omit<SpaceOptions, "root"> {
  readonly roots: readonly bigint[];
}

/** A range of VAs that these roots, and no others, have in common. */
interface Part {
  readonly range: LinearRange;
  readonly roots: readonly bigint[];
}

/**
 * As `changes`, for several roots: a change below top-level entries that roots have in common, in both states, is said
 * once, with these roots. Ascending by the first slot of those in common, then in the order of `roots`; stretches end
 * where the set of roots changes. A root that stands there twice counts once; one whose top-level table cannot be read
 * in one of the states has no changes.
 *
 * @example
 * for (const { type, va, roots } of await changesOfRoots(monday, tuesday, { roots })) console.log(type, va, roots.length);
 */
export async function changesOfRoots(before: GuestMemory, after: GuestMemory, options: SharedOptions): Promise<SpaceListing<SharedChange>> {
  return openChangesOfRoots(before, after, options);
}

export async function openChangesOfRoots(before: GuestMemory, after: GuestMemory, options: SharedOptions): Promise<SharedListing> {
  const tables = await openStates(before, after, options);
  const { mode } = tables;
  checkOptionsOfRoots(options);
  const roots = [...new Set(options.roots.map((root) => clearedRootIn(mode, root)))];
  return new SharedListing(tables, roots, linearRange(mode, options.range));
}

export class SharedListing implements SpaceListing<SharedChange> {
  readonly #tables: SpaceTables;
  readonly #roots: readonly bigint[];
  readonly #range: LinearRange;

  constructor(tables: SpaceTables, roots: readonly bigint[], range: LinearRange) {
    this.#tables = tables;
    this.#roots = roots;
    this.#range = range;
  }

  [Symbol.iterator](): IterableIterator<SharedChange> {
    return new SharedIterator(this.parts());
  }

  over(range: AddressRange): SharedListing {
    this.#tables.keep();
    return new SharedListing(this.#tables, this.#roots, linearRange(this.#tables.mode, range));
  }

  async *slices(): AsyncGenerator<ListingSlice<SharedChange>> {
    const turns = new Turns(this.#tables.signal);
    for (const { listing, roots } of this.parts()) {
      for await (const { rows, va, tables } of slicesOf(listing, turns)) {
        yield { rows: rows.map((change) => sharedBy(change, roots)), va, tables };
      }
    }
  }

  /** The listings of which this one is made, one after the other; with a teller of their own where it is given. */
  parts(teller?: number): Parts {
    return new Parts(this.#tables, this.#roots, this.#range, teller);
  }

  /** As of the tables. */
  newTeller(): number {
    return this.#tables.newTeller();
  }
}

/** A listing of one root, for all that share it. */
interface SharedPart {
  readonly listing: ListingOptions<Change>;
  readonly roots: readonly bigint[];
}

/** Which parts there are is made out when the first is asked for; what throws meanwhile can be asked for again. */
class Parts implements IterableIterator<SharedPart> {
  readonly #tables: SpaceTables;
  readonly #roots: readonly bigint[];
  readonly #range: LinearRange;
  readonly #cursor: CursorOptions & { readonly generation: number };
  #parts: readonly Part[] | undefined;
  #next = 0;

  constructor(tables: SpaceTables, roots: readonly bigint[], range: LinearRange, teller: number | undefined) {
    this.#tables = tables;
    this.#roots = roots;
    this.#range = range;
    this.#cursor = { generation: tables.beginWalk(), teller };
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<SharedPart> {
    const tables = this.#tables;
    this.#parts ??= partsOf(tables, this.#roots, this.#range, this.#cursor);
    if (this.#next === this.#parts.length) return this.return();
    const { range, roots } = this.#parts[this.#next++];
    const { generation, teller } = this.#cursor;
    return {
      done: false,
      value: {
        listing: { tables, begin: () => generation, kernel: compareSpace, root: roots[0], range, teller, decode: decodeChange },
        roots,
      },
    };
  }

  return(): IteratorResult<SharedPart> {
    if (this.#parts) this.#tables.endWalk();
    this.#parts = [];
    this.#next = 0;
    return { done: true, value: undefined };
  }
}

class SharedIterator implements IterableIterator<SharedChange> {
  readonly #parts: Parts;
  #rows: ListingIterator<Change> | undefined;
  #roots: readonly bigint[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<SharedChange> {
    for (;;) {
      if (!this.#rows) {
        const { done, value } = this.#parts.next();
        if (done === true) return { done, value: undefined };
        this.#rows = new ListingIterator(value.listing);
        this.#roots = value.roots;
      }
      const { done, value } = this.#rows.next();
      if (done !== true) return { done: false, value: sharedBy(value, this.#roots) };
      this.#rows = undefined;
    }
  }

  return(): IteratorResult<SharedChange> {
    this.#rows?.return();
    this.#rows = undefined;
    this.#parts.return();
    return { done: true, value: undefined };
  }
}

function overlap(one: LinearRange, other: LinearRange): LinearRange {
  return { from: one.from > other.from ? one.from : other.from, to: one.to < other.to ? one.to : other.to };
}

/** Slots side by side that the same roots have in common. */
interface SlotGroup {
  readonly firstSlot: number;
  endSlot: number;
  readonly roots: readonly bigint[];
}

function partsOf(tables: SpaceTables, roots: readonly bigint[], range: LinearRange, cursor: CursorOptions): readonly Part[] {
  const slots = new Map<bigint, readonly (string | undefined)[]>();
  for (const root of roots) {
    const keys = slotKeys(tables, root, range, cursor);
    if (keys) slots.set(root, keys);
  }
  const groups: SlotGroup[] = [];
  /** By the first of its roots. */
  const latest = new Map<bigint, SlotGroup>();
  for (let slot = 0; slot < layout.ENTRIES; slot++) {
    for (const group of rootsBySlotKey(slots, slot)) {
      const last = latest.get(group[0]);
      if (last?.endSlot === slot && last.roots.length === group.length && last.roots.every((root, i) => root === group[i])) {
        last.endSlot++;
        continue;
      }
      const next: SlotGroup = { firstSlot: slot, endSlot: slot + 1, roots: group };
      latest.set(group[0], next);
      groups.push(next);
    }
  }
  const slotBits = BigInt(tables.mode.shiftAt(tables.mode.levels));
  const parts = groups.map(({ firstSlot, endSlot, roots: sharers }) => ({
    range: overlap(range, { from: BigInt(firstSlot) << slotBits, to: BigInt(endSlot) << slotBits }),
    roots: sharers,
  }));
  return parts.filter(({ range: { from, to } }) => from < to);
}

/** The roots that have a slot in common, group by group. */
function rootsBySlotKey(slots: ReadonlyMap<bigint, readonly (string | undefined)[]>, slot: number): readonly bigint[][] {
  const groups = new Map<string, bigint[]>();
  for (const [root, keys] of slots) {
    const key = keys[slot];
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(root);
    else groups.set(key, [root]);
  }
  return [...groups.values()];
}

/** What each slot of a root says in both states, as a name; undefined where that is nothing, or where a table cannot be read. */
function slotKeys(tables: SpaceTables, root: bigint, range: LinearRange, options: CursorOptions): (string | undefined)[] | undefined {
  const cursor = tables.openCursor(root, range, options);
  try {
    for (let outcome = tables.run(rootEntries, cursor, 0); outcome !== "done"; outcome = tables.run(rootEntries, cursor, 0)) {
      if (outcome === "unreadable") tables.sayUnreadable(cursor);
    }
    const { u32, u64 } = tables.core; // as it is now: it may have grown meanwhile
    if (u32[(cursor + layout.SPACE_CURSOR_LEVEL) >>> 2] === 0) return undefined;
    return Array.from({ length: layout.ENTRIES }, (_, slot) => {
      const [before, after] = [u64[(layout.BATCH_IN >>> 3) + slot], u64[(layout.BATCH_OUT >>> 3) + slot]];
      return before === 0n && after === 0n ? undefined : `${before} ${after}`;
    });
  } finally {
    tables.closeCursor(cursor);
  }
}
