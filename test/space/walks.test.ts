/**
 * Walks that do not come to their end at once: their driver throws, they are dropped half way, or memory changes while
 * several are under way.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  amd64,
  changes,
  changesOfRoots,
  type GuestMemory,
  mappings,
  outline,
  type SpaceListing,
  summarize,
  type UnreadableTable,
} from "../../src/index.js";
import { paOf } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { collectAndTell } from "../support/collect.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { asInCr3, modePlan } from "./modes.js";
import { listNaively } from "./naive.js";
import { buildWorld, changePlan, changeWorld, memoryOf, readerOf, worldPlan } from "./worlds.js";

const ROOT = 0x10;
const VA = 0x4000_1000n;
const MOST_LEAVES = 5_000;
const RUNS = 120;

interface Unsteady extends GuestMemory {
  /** Numbers of the reads that fail, counted from now on. */
  failAt(...reads: readonly number[]): void;
}

function unsteady(memory: GuestMemory): Unsteady {
  let failing: readonly number[] = [];
  let reads = 0;
  return {
    ...memory,
    readFrame(gfn, target) {
      if (failing.includes(reads++)) throw new Error("it may pass");
      return memory.readFrame(gfn, target);
    },
    failAt(...numbers) {
      reads = 0;
      failing = numbers;
    },
  };
}

/** Four tables, a page. */
function onePage(): { readonly guest: Guest; readonly space: AddressSpace } {
  const guest = new Guest();
  const space = new AddressSpace(guest, 4, guest.allocate(ROOT));
  space.map(VA, 0x5000n);
  return { guest, space };
}

/** All rows, going on where one could not be had; and how often that was. */
function takeAll<Row>(rows: Iterable<Row>): { readonly rows: readonly Row[]; readonly refusals: number } {
  const iterator = rows[Symbol.iterator]();
  const taken: Row[] = [];
  let refusals = 0;
  for (;;) {
    try {
      const { done, value } = iterator.next();
      if (done === true) return { rows: taken, refusals };
      taken.push(value);
    } catch (error) {
      expect((error as Error).message).toBe("it may pass");
      refusals++;
    }
  }
}

type Open = (before: GuestMemory, after: GuestMemory, options: Parameters<typeof mappings>[1]) => Promise<SpaceListing<unknown>>;

/** Each listing of one root. */
const LISTINGS: readonly (readonly [name: string, open: Open])[] = [
  ["mappings", (before, _, options) => mappings(before, options)],
  ["changes", changes],
  ["changesOfRoots", (before, after, { root, ...options }) => changesOfRoots(before, after, { ...options, roots: [root] })],
];

describe("a listing whose driver throws", () => {
  forEachBuild((build) => {
    it.each(LISTINGS)("%s goes on from where it was, and says what it would have said", async (_, open) => {
      await fc.assert(
        fc.asyncProperty(
          worldPlan,
          changePlan,
          modePlan,
          fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }),
          fc.boolean(),
          async (plan, change, mode, failing, immutable) => {
            const before = buildWorld(plan);
            const after = changeWorld(before, change);
            fc.pre([before, after].every(({ guest, root }) => listNaively(readerOf(guest), mode, root).leaves.length < MOST_LEAVES));
            const options = { root: asInCr3(before.root, mode), arch: amd64(mode), maximumFrames: 256 };
            const steady = [before, after].map(({ guest }) => memoryOf(guest, { immutable })) as [GuestMemory, GuestMemory];
            const expectedSaid: UnreadableTable[] = [];
            const expected = [...(await open(...steady, { ...options, onUnreadable: (table) => expectedSaid.push(table) }))];
            const [first, second] = [unsteady(steady[0]), unsteady(steady[1])];
            const said: UnreadableTable[] = [];
            const listing = await open(first, second, { ...options, onUnreadable: (table) => said.push(table) });
            first.failAt(...failing.filter((read) => read % 2 === 0));
            second.failAt(...failing);
            expect(takeAll(listing).rows).toEqual(expected);
            expect(said).toEqual(expectedSaid);
          },
        ),
        { numRuns: build.startsWith("shared") ? RUNS / 3 : RUNS },
      );
    });
  });

  it.each(LISTINGS)("%s forgets live tables all the same: neither the bound nor memory is used up", async (_, open) => {
    const { guest, space } = onePage();
    const memory = unsteady(memoryOf(guest));
    // As many as one walk keeps: what is kept beside them is over the bound.
    const listing = await open(memory, memoryOf(new Guest(new Map([[ROOT, new BigUint64Array(512)]]))), {
      root: space.root,
      maximumFrames: 8,
    });
    const expected = [...listing];
    for (let read = 0; read < 3; read++) {
      memory.failAt(read);
      try {
        for (const _row of listing);
      } catch {
        // for … of says nothing to the iterator.
      }
      memory.failAt();
      expect([...listing]).toEqual(expected);
    }
  });

  it("goes on as well after whoever is told of an unreadable table has thrown", async () => {
    const { guest, space } = onePage();
    guest.hide(space.tableGfn(VA, 1));
    space.map(VA + (1n << 30n), 0x6000n);
    let told = 0;
    const listing = await mappings(memoryOf(guest), {
      root: space.root,
      onUnreadable: () => {
        if (told++ === 0) throw new Error("it may pass");
      },
    });
    expect(takeAll(listing)).toMatchObject({ rows: [{ va: VA + (1n << 30n) }], refusals: 1 });
    expect([...listing]).toHaveLength(1);
  });
});

describe("over memory that changes", () => {
  it("an iterator uses no table that was read for one before it", async () => {
    const { guest, space } = onePage();
    const listing = await mappings(memoryOf(guest), { root: space.root });
    const [first, second] = [listing[Symbol.iterator](), listing[Symbol.iterator]()];
    expect(first.next().value).toMatchObject({ pa: 0x5000n });
    space.map(VA, 0x9000n);
    expect(second.next().value).toMatchObject({ pa: 0x9000n });
    expect(first.next().done).toBe(true);
  });

  it("an iterator that is dropped half way gives back what it holds once it has been collected", async () => {
    const { guest, space } = onePage();
    space.map(VA + 0x2000n, 0x9000n);
    const listing = await mappings(memoryOf(guest), { root: space.root, maximumFrames: 4 });
    const drop = (): void => {
      expect(listing[Symbol.iterator]().next().value).toMatchObject({ va: VA });
    };
    drop();
    expect(() => [...listing]).toThrow("more than 4 tables");
    const rowsOnceCollected = async (): Promise<readonly unknown[]> => {
      await collectAndTell();
      try {
        return [...listing];
      } catch {
        return [];
      }
    };
    await expect.poll(rowsOnceCollected).toHaveLength(2);
  });

  it("changesOfRoots says of a table that lacks that it does, and of no other, walk after walk", async () => {
    const { guest, space } = onePage();
    guest.hide(space.tableGfn(VA, 1));
    const later = guest.clone();
    later.write(space.entryPa(VA, 4), 0n);
    const said: UnreadableTable[] = [];
    const listing = await changesOfRoots(memoryOf(guest), memoryOf(later), {
      roots: [space.root],
      onUnreadable: (table) => said.push(table),
    });
    const walk = (): readonly number[] => {
      said.length = 0;
      for (const _row of listing);
      return said.map(({ gfn }) => gfn);
    };
    const first = walk();
    expect(first).toEqual([space.tableGfn(VA, 1)]);
    const outer = listing[Symbol.iterator]();
    outer.next();
    expect([walk(), walk()]).toEqual([first, first]);
  });
});

describe("what cannot be asked for", () => {
  const memory = memoryOf(onePage().guest);
  it.each([
    ["no options", () => mappings(memory, undefined as never)],
    ["no options, to compare", () => changes(memory, memory, null as never)],
    ["no options, to sum", () => summarize(memory, undefined as never)],
    ["somebody to be told who is no function", () => mappings(memory, { root: paOf(ROOT), onUnreadable: 1 as never })],
    ["no roots", () => changesOfRoots(memory, memory, {} as never)],
    ["no roots, for an outline", () => outline(memory, {} as never)],
  ])("%s", async (_, ask: () => Promise<unknown>) => {
    await expect(ask()).rejects.toMatchObject({ name: "PageTableError", code: "invalid-options" });
  });
});
