/** More than a window of everything: addresses in, PAs out, rows of events. What is expected follows from the place of an address. */

import { describe, expect, test } from "vitest";
import { BATCH_LENGTH, EVENT_ROWS } from "../../src/core/layout.js";
import { amd64, NOT_BACKED, PageTableMonitor } from "../../src/index.js";
import { ENTRIES, PAGE_2M, PAGE_4K, PAGE_FLAGS, paOf } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { Dice } from "../support/dice.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";

const TABLES = 40;
const PAGES = TABLES * ENTRIES;
const FIRST = 0xffff_8000_0000_0000n;
const HOLE_EVERY = 7;

function vaOf(page: number): bigint {
  return FIRST + BigInt(page) * BigInt(PAGE_4K) + BigInt(page % 4096);
}

function isMapped(page: number): boolean {
  return page % HOLE_EVERY !== 0;
}

function paFor(page: number): bigint {
  return isMapped(page) ? paOf(0x10_0000 + page) + BigInt(page % 4096) : NOT_BACKED;
}

/** First place where two columns differ, -1 where they do not: a comparison that takes no object a row. */
function differenceOf(found: ArrayLike<bigint | number | undefined>, expected: ArrayLike<bigint | number>): number {
  if (found.length !== expected.length) return Math.min(found.length, expected.length);
  for (let i = 0; i < expected.length; i++) if (found[i] !== expected[i]) return i;
  return -1;
}

async function createManyPages() {
  const guest = new Guest();
  const space = new AddressSpace(guest);
  for (let table = 0; table < TABLES; table++) {
    const va = FIRST + BigInt(table) * BigInt(PAGE_2M);
    space.map(va, 0n);
    const entries = guest.frames.get(space.tableGfn(va, 1)) as BigUint64Array;
    for (let i = 0; i < ENTRIES; i++) {
      const page = table * ENTRIES + i;
      entries[i] = isMapped(page) ? paOf(0x10_0000 + page) | PAGE_FLAGS : 0n;
    }
  }
  const driver = new GuestDriver(guest, { features: ["read-frames"] });
  const monitor = await PageTableMonitor.create<number>({ memory: driver.memory, arch: amd64(), maximumFrames: 1024 });
  return { guest, space, driver, monitor };
}

describe("more than a window holds", () => {
  forEachBuild(() => {
    test("tables are asked for in the order of the addresses, so that those that lie side by side are read in one go, then and at a snapshot", async () => {
      const { space, monitor, driver } = await createManyPages();
      const gfns = Array.from({ length: TABLES }, (_, table) => space.tableGfn(FIRST + BigInt(table) * BigInt(PAGE_2M), 1));
      const lastOfTables = BigUint64Array.from(gfns, (_, table) => vaOf(table * ENTRIES + ENTRIES - 1));
      const lowestRead = () =>
        driver.log.flatMap((call) => (call.type === "readFrames" ? call.gfns : [])).filter((gfn) => gfns.includes(gfn));
      monitor.monitorMany(space.root, lastOfTables, 0, 0);
      expect(lowestRead()).toEqual(gfns);
      driver.log.length = 0;
      monitor.processSnapshotColumns(driver.memory);
      expect(lowestRead()).toEqual(gfns);
    });

    test("addresses in random order come in with each one's tag, and their loss and return are told in order, all of them", async () => {
      const { space, monitor, guest } = await createManyPages();
      const order = new Dice(5).shuffled(Array.from({ length: PAGES }, (_, page) => page));
      expect(order.length).toBeGreaterThan(2 * BATCH_LENGTH);
      expect(
        differenceOf(monitor.monitorMany(space.root, BigUint64Array.from(order, vaOf), 0, order), BigUint64Array.from(order, paFor)),
      ).toBe(-1);
      const mapped = Array.from({ length: PAGES }, (_, page) => page).filter(isMapped);
      expect([monitor.monitoredAddresses, monitor.pagedInEntries]).toEqual([PAGES, mapped.length]);

      const top = space.entryPa(FIRST, 4);
      const pointer = guest.read(top);
      for (const [type, entry] of [
        [0, 0n],
        [1, pointer],
      ] as const) {
        monitor.markDirtyEntry(space.setEntry(FIRST, 4, entry), 0, 9);
        const events = monitor.processDirtyColumns(9);
        expect(events.length).toBe(mapped.length);
        expect(differenceOf(events.va, BigUint64Array.from(mapped, vaOf))).toBe(-1);
        expect(differenceOf(events.pa, BigUint64Array.from(mapped, paFor))).toBe(-1);
        expect(
          differenceOf(
            Array.from(events.tagIndex, (index) => events.tags[index]),
            mapped,
          ),
        ).toBe(-1);
        expect(events.type.every((each) => each === type)).toBe(true);
        expect(events.pageSize.every((each) => each === PAGE_4K)).toBe(true);
      }
      expect(differenceOf(monitor.translateMany(space.root, BigUint64Array.from(order, vaOf)), BigUint64Array.from(order, paFor))).toBe(-1);
    });

    test("where every page moves, out and in of each stand side by side over the ends of the window", async () => {
      const { space, monitor, guest } = await createManyPages();
      const pages = Array.from({ length: PAGES }, (_, page) => page);
      monitor.monitorMany(space.root, BigUint64Array.from(pages, vaOf), 0, 0);
      const shift = paOf(0x100_0000);
      for (let table = 0; table < TABLES; table++) {
        const va = FIRST + BigInt(table) * BigInt(PAGE_2M);
        const gfn = space.tableGfn(va, 1);
        const entries = guest.frames.get(gfn) as BigUint64Array;
        for (let i = 0; i < ENTRIES; i++) if (entries[i] !== 0n) entries[i] += shift;
      }
      monitor.markDirtyRange(0n, 4096 * PAGE_4K, 0, 0);
      const events = monitor.processDirtyColumns(0);
      const mapped = pages.filter(isMapped);
      expect(events.length).toBe(2 * mapped.length);
      expect(events.length).toBeGreaterThan(EVENT_ROWS);
      expect(differenceOf(events.va, BigUint64Array.from(mapped.flatMap((page) => [vaOf(page), vaOf(page)])))).toBe(-1);
      expect(differenceOf(events.pa, BigUint64Array.from(mapped.flatMap((page) => [paFor(page), paFor(page) + shift])))).toBe(-1);
      expect(differenceOf(events.type, Uint8Array.from(mapped.flatMap(() => [0, 1])))).toBe(-1);
    });

    test("a batch that fails at its last address is taken back as a whole, window by window", async () => {
      const { space, monitor, driver } = await createManyPages();
      const kept = Array.from({ length: 100 }, (_, i) => i * 3);
      monitor.monitorMany(space.root, BigUint64Array.from(kept, vaOf), 0, 1);
      const counts = () => [monitor.monitoredTables, monitor.monitoredEntries, monitor.monitoredAddresses, monitor.pagedInEntries];
      const before = counts();
      const order = new Dice(6).shuffled(Array.from({ length: PAGES }, (_, page) => page));
      driver.failAt("read", 1);
      expect(() => monitor.monitorMany(space.root, BigUint64Array.from(order, vaOf), 0, 2)).toThrow("read number 1");
      expect(counts()).toEqual(before);
      for (const page of kept) expect(monitor.lookup({ va: vaOf(page), root: space.root }, 0)).toMatchObject({ references: 1, tag: 1 });
      expect(monitor.lookup({ va: vaOf(1), root: space.root }, 0)).toBeUndefined();
      expect(differenceOf(monitor.monitorMany(space.root, BigUint64Array.from(order, vaOf), 0, 2), BigUint64Array.from(order, paFor))).toBe(
        -1,
      );
      expect(monitor.lookup({ va: vaOf(kept[1] as number), root: space.root }, 0)).toMatchObject({ references: 2, tag: 1 });
    });
  });
});
