/**
 * The packed cells of one leaf: 512 pages in random order, several addresses a page, over every capacity and back.
 *
 * What a cell holds (tag, references) must stay with its page while others come before it and go; the model is a Map.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amd64, PageTableMonitor } from "../../src/index.js";
import { PAGE_4K, vaFrom } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { Dice } from "../support/dice.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";

const RUNS = 4;
const SLOTS = 512;
const STEPS = 500;
const FIRST = vaFrom([1, 2, 3, 0]);
const OFFSETS = [0, 1, 8, 0x7ff, 0xfff];
const FIRST_PAGE = 0x4_0000n;
const MOST_REFERENCES_OF_A_CELL = 262143;

interface Kept {
  readonly tag: number;
  references: number;
}

interface Leaf {
  readonly monitor: PageTableMonitor<number>;
  readonly space: AddressSpace;
  readonly model: Map<bigint, Kept>;
}

function paFor(va: bigint): bigint {
  return va - FIRST + FIRST_PAGE;
}

/** A monitor over one leaf with all of its pages mapped, and nothing monitored. */
async function createLeaf(): Promise<Leaf> {
  const guest = new Guest();
  const space = new AddressSpace(guest);
  for (let slot = 0; slot < SLOTS; slot++) space.map(FIRST + BigInt(slot * PAGE_4K), FIRST_PAGE + BigInt(slot * PAGE_4K));
  const { memory } = new GuestDriver(guest, { features: ["read-frames"] });
  const monitor = await PageTableMonitor.create<number>({ memory, arch: amd64(), maximumFrames: 16 });
  return { monitor, space, model: new Map() };
}

function take({ monitor, space, model }: Leaf, va: bigint, tag: number): void {
  expect(monitor.monitor({ va, root: space.root }, 0, tag).pa).toBe(paFor(va));
  const kept = model.get(va);
  if (kept) kept.references++;
  else model.set(va, { tag, references: 1 });
}

function giveBack({ monitor, space, model }: Leaf, va: bigint, references: "one" | "all"): void {
  const ctx = { va, root: space.root };
  if (references === "all") monitor.unmonitorByForce(ctx, 0);
  else monitor.unmonitor(ctx, 0);
  const kept = model.get(va);
  if (kept && (references === "all" || --kept.references === 0)) model.delete(va);
}

/** Every address that could be there is as the model has it, and so are the counts. */
function expectModel({ monitor, space, model }: Leaf): void {
  const wrong: bigint[] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    for (const offset of OFFSETS) {
      const va = FIRST + BigInt(slot * PAGE_4K + offset);
      const found = monitor.lookup({ va, root: space.root }, 0);
      const kept = model.get(va);
      if (found?.tag !== kept?.tag || found?.references !== kept?.references || (found && found.pa !== paFor(va))) wrong.push(va);
    }
  }
  expect(wrong).toEqual([]);
  const pages = new Set([...model.keys()].map((va) => va >> 12n)).size;
  expect(monitor.monitoredAddresses).toBe(model.size);
  expect(monitor.pagedInEntries).toBe(model.size);
  expect(monitor.monitoredEntries).toBe(pages === 0 ? 0 : pages + 3);
}

describe("the cells of a leaf", () => {
  forEachBuild(() => {
    test("addresses of random pages come and go, alone or several a page, and each keeps its own tag and references", async () => {
      const leaf = await createLeaf();
      fc.assert(
        fc.property(fc.nat(), fc.constantFrom(3, 20, 200, SLOTS), (seed, pages) => {
          leaf.monitor.unmonitorAll();
          leaf.model.clear();
          const dice = new Dice(seed);
          const some = dice.shuffled(Array.from({ length: SLOTS }, (_, slot) => slot)).slice(0, pages);
          const anyVa = (): bigint => FIRST + BigInt(dice.pick(some) * PAGE_4K + dice.pick(OFFSETS));
          for (let step = 0; step < STEPS; step++) {
            if (dice.below(3) > 0) take(leaf, anyVa(), step);
            else giveBack(leaf, anyVa(), dice.below(4) === 0 ? "all" : "one");
          }
          expectModel(leaf);
          for (const va of dice.shuffled(leaf.model.keys()).slice(0, leaf.model.size / 2)) giveBack(leaf, va, "all");
          expectModel(leaf);
          for (const va of dice.shuffled(leaf.model.keys())) giveBack(leaf, va, "all");
          expectModel(leaf);
          expect(leaf.monitor.monitoredTables).toBe(0);
        }),
        { numRuns: RUNS },
      );
    });

    test("all 512 pages in one batch of random order, given back in another, taken in again", async () => {
      const leaf = await createLeaf();
      const dice = new Dice(11);
      const vas = Array.from({ length: SLOTS }, (_, slot) => FIRST + BigInt(slot * PAGE_4K));
      for (let round = 0; round < 3; round++) {
        const order = dice.shuffled(vas);
        const tags = order.map((_, i) => 1000 * round + i);
        leaf.monitor.monitorMany(leaf.space.root, BigUint64Array.from(order), 0, tags);
        for (const [i, va] of order.entries()) if (!leaf.model.has(va)) leaf.model.set(va, { tag: tags[i] as number, references: 1 });
        expectModel(leaf);
        for (const va of dice.shuffled(vas).slice(0, SLOTS - round)) giveBack(leaf, va, "all");
        expectModel(leaf);
        for (const va of [...leaf.model.keys()]) giveBack(leaf, va, "all");
      }
    });

    test("a page lost is an event for each of its addresses, ascending, with each one's tag", async () => {
      const leaf = await createLeaf();
      const dice = new Dice(23);
      for (let step = 0; step < STEPS; step++) take(leaf, FIRST + BigInt(dice.below(40) * PAGE_4K + dice.pick(OFFSETS)), step);
      leaf.monitor.markDirtyEntry(leaf.space.setEntry(FIRST, 2, 0n), 0, 0);
      const events = leaf.monitor.processDirtyEntries(0).map(({ type, va, pa, tag }) => ({ type, va, pa, tag }));
      const ascending = [...leaf.model].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(events).toEqual(ascending.map(([va, { tag }]) => ({ type: "page-out", va, pa: paFor(va), tag })));
    });

    test("more references than a cell has bits for are counted on, and given back one by one", async () => {
      const leaf = await createLeaf();
      const { monitor, space } = leaf;
      const neighbour = FIRST + 1n;
      const ctx = { va: FIRST, root: space.root };
      monitor.monitorMany(space.root, new BigUint64Array(MOST_REFERENCES_OF_A_CELL - 1).fill(FIRST), 0, 5);
      for (let more = -1; more < 3; more++) {
        expect(monitor.lookup(ctx, 0)?.references).toBe(MOST_REFERENCES_OF_A_CELL + more);
        monitor.monitor(ctx, 0, 6);
      }
      monitor.monitor({ va: neighbour, root: space.root }, 0, 7);
      expect(monitor.lookup(ctx, 0)).toMatchObject({ references: MOST_REFERENCES_OF_A_CELL + 3, tag: 5 });
      expect(monitor.lookup({ va: neighbour, root: space.root }, 0)).toMatchObject({ references: 1, tag: 7 });
      expect(monitor.monitoredAddresses).toBe(2);
      for (let left = MOST_REFERENCES_OF_A_CELL + 2; left > 0; left--) monitor.unmonitor(ctx, 0);
      expect(monitor.lookup(ctx, 0)).toMatchObject({ references: 1, tag: 5 });
      monitor.unmonitor(ctx, 0);
      expect(monitor.lookup(ctx, 0)).toBeUndefined();
      monitor.unmonitor({ va: neighbour, root: space.root }, 0);
      expect([monitor.monitoredAddresses, monitor.pagedInEntries, monitor.monitoredEntries]).toEqual([0, 0, 0]);
    });
  });
});
