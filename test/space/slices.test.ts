/** Listings in slices: the same rows as by iteration, with turns for others between. */

import fc from "fast-check";
import { expect, it } from "vitest";
import {
  amd64,
  changes,
  changesOfRoots,
  type GuestMemory,
  mappings,
  type SpaceListing,
  summarize,
  type UnreadableTable,
} from "../../src/index.js";
import { entryAt, paOf, TABLE_FLAGS, vaFrom } from "../support/amd64-bits.js";
import { Guest } from "../support/guest.js";
import { modePlan } from "./modes.js";
import { buildWorld, changePlan, changeWorld, memoryOf, rangePlan, worldPlan } from "./worlds.js";

const RUNS = 100;
const MOST_ROWS = 20_000;
const ROOT = 0x10;

/** Rows and what is said to be unreadable, in the order in which they came. */
type Story = readonly unknown[];

async function told<Row>(
  open: (onUnreadable: (table: UnreadableTable) => void) => Promise<SpaceListing<Row>>,
  read: (listing: SpaceListing<Row>, story: unknown[]) => Promise<void>,
): Promise<Story> {
  const story: unknown[] = [];
  await read(await open((table) => story.push(table)), story);
  return story;
}

async function byRow<Row>(listing: SpaceListing<Row>, story: unknown[]): Promise<void> {
  for (const row of listing) {
    if (story.push(row) > MOST_ROWS) return;
  }
}

async function bySlice<Row>(listing: SpaceListing<Row>, story: unknown[]): Promise<void> {
  for await (const { rows } of listing.slices()) {
    for (const row of rows) if (story.push(row) > MOST_ROWS) return;
  }
}

async function expectSame<Row>(open: (onUnreadable: (table: UnreadableTable) => void) => Promise<SpaceListing<Row>>): Promise<void> {
  expect(await told(open, bySlice)).toEqual(await told(open, byRow));
}

/** Enough tables without a leaf that to read them all takes several turns. */
function emptyTables(): Guest {
  const guest = new Guest();
  const [PDPT, PD] = [ROOT + 1, 0x100];
  guest.allocate(ROOT);
  guest.allocate(PDPT);
  guest.write(entryAt(ROOT, 0), paOf(PDPT) | TABLE_FLAGS);
  for (let i = 0; i < 64; i++) {
    guest.write(entryAt(PDPT, i), paOf(PD + i) | TABLE_FLAGS);
    guest.allocate(PD + i);
    for (let j = 0; j < 512; j++) {
      const table = 0x1000 + 512 * i + j;
      guest.write(entryAt(PD + i, j), paOf(table) | TABLE_FLAGS);
      guest.allocate(table);
    }
  }
  return guest;
}

it("gives by slices the rows of an iteration, and says what is unreadable at the same places", async () => {
  await fc.assert(
    fc.asyncProperty(worldPlan, changePlan, modePlan, rangePlan, async (plan, change, mode, range) => {
      const before = buildWorld(plan);
      const after = changeWorld(before, change);
      const options = { arch: amd64(mode), ...(range && { range }) };
      const { root } = before;
      const [first, second] = [memoryOf(before.guest), memoryOf(after.guest)];
      await expectSame((onUnreadable) => mappings(first, { ...options, root, onUnreadable }));
      await expectSame((onUnreadable) => changes(first, second, { ...options, root, onUnreadable }));
      const roots = [root, root + 0x1000n, root + 0x2000n];
      await expectSame((onUnreadable) => changesOfRoots(first, second, { ...options, roots, onUnreadable }));
    }),
    { numRuns: RUNS },
  );
});

it("says how far it has come: to the end of the range, with all tables read", async () => {
  const guest = emptyTables();
  const range = { from: 0n, to: vaFrom([0, 2, 0, 0]) };
  let last = { va: -1n, tables: 0 };
  for await (const { va, tables } of (await mappings(memoryOf(guest), { root: paOf(ROOT), range })).slices()) {
    expect(va).toBeGreaterThanOrEqual(last.va);
    expect(tables).toBeGreaterThanOrEqual(last.tables);
    last = { va, tables };
  }
  expect(last).toEqual({ va: range.to, tables: 2 + 2 * 513 });
});

const WALKS: readonly (readonly [string, (memory: GuestMemory, signal: AbortSignal) => Promise<void>])[] = [
  ["a listing", async (memory, signal) => exhaust(await mappings(memory, { root: paOf(ROOT), signal }))],
  ["a comparison", async (memory, signal) => exhaust(await changes(memory, memory, { root: paOf(ROOT), signal }))],
  ["a comparison of many", async (memory, signal) => exhaust(await changesOfRoots(memory, memory, { roots: [paOf(ROOT)], signal }))],
  ["a sum", async (memory, signal) => void (await summarize(memory, { root: paOf(ROOT), signal }))],
];

async function exhaust(listing: SpaceListing<unknown>): Promise<void> {
  for await (const _slice of listing.slices());
}

it.each(WALKS)("%s without a row lets others have their turn, and hears an abort there", async (_name, walk) => {
  const guest = emptyTables();
  const plain = memoryOf(guest);
  let reads = 0;
  const slow: GuestMemory = {
    readFrame(gfn, target) {
      reads++;
      // A dump on a slow disk: it is the time that reads take that must not keep others waiting.
      const until = performance.now() + 0.05;
      while (performance.now() < until);
      return plain.readFrame(gfn, target);
    },
    immutable: true,
  };
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")), 0);
  await expect(walk(slow, abort.signal)).rejects.toThrow("enough");
  expect(reads).toBeLessThan(64 * 512);
});
