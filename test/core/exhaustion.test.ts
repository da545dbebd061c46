/** A memory that is full: the call that does not fit changes nothing, and what is given back can be had again. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useCoreBuild } from "../../src/core/load.js";
import { amd64, PageTableMonitor } from "../../src/index.js";
import { PAGE_2M, paOf } from "../support/amd64-bits.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";

const MAXIMUM_FRAMES = 16;
const BATCH = 4096;

/** The least memory, 16 MiB, which a private build alone has. */
describe.each(["private-simd", "private-plain"] as const)("a full memory, on the %s build", (build) => {
  beforeAll(() => useCoreBuild(build));
  afterAll(() => useCoreBuild(undefined));

  /** Batches of one address a leaf, until the memory is full. Answers how many came in. */
  function fill(monitor: PageTableMonitor<number>, root: bigint): { batches: number; thrown: unknown; before: number[]; after: number[] } {
    const counts = (): number[] => [monitor.monitoredTables, monitor.monitoredEntries, monitor.monitoredAddresses, monitor.pagedInEntries];
    for (let batches = 0; ; batches++) {
      const before = counts();
      try {
        monitor.monitorMany(root, batchAt(batches), 0, 1);
      } catch (thrown) {
        return { batches, thrown, before, after: counts() };
      }
    }
  }

  function batchAt(number: number): BigUint64Array {
    return BigUint64Array.from({ length: BATCH }, (_, i) => BigInt(number * BATCH + i) * BigInt(PAGE_2M));
  }

  async function createMonitor(): Promise<{ monitor: PageTableMonitor<number>; root: bigint }> {
    // An empty top table: every path ends there, so that only the tries grow and no bound on tables is met.
    const space = new AddressSpace(new Guest());
    const { memory } = new GuestDriver(space.guest, { features: ["read-frames", "immutable"] });
    const monitor = await PageTableMonitor.create<number>({ memory, arch: amd64(), maximumFrames: MAXIMUM_FRAMES });
    return { monitor, root: space.root };
  }

  test("the batch that does not fit is refused and has changed nothing; all before it is there", async () => {
    const { monitor, root } = await createMonitor();
    const { batches, thrown, before, after } = fill(monitor, root);
    expect(thrown).toMatchObject({ code: "memory-exhausted" });
    expect(after).toEqual(before);
    expect(batches).toBeGreaterThan(4);
    expect(monitor.monitoredAddresses).toBe(batches * BATCH);
    expect(monitor.lookup({ va: BigInt(batches * BATCH - 1) * BigInt(PAGE_2M), root }, 0)).toMatchObject({ references: 1, tag: 1 });
    expect(monitor.lookup({ va: BigInt(batches * BATCH) * BigInt(PAGE_2M), root }, 0)).toBeUndefined();
  });

  test("after unmonitorAll as much fits as before", async () => {
    const { monitor, root } = await createMonitor();
    const { batches } = fill(monitor, root);
    monitor.unmonitorAll();
    expect(fill(monitor, root).batches).toBe(batches);
  });

  test("after each address has been given back, one by one, the first batch fits again", async () => {
    const { monitor, root } = await createMonitor();
    const { batches } = fill(monitor, root);
    for (let number = 0; number < batches; number++) for (const va of batchAt(number)) monitor.unmonitor({ va, root }, 0);
    expect([monitor.monitoredTables, monitor.monitoredAddresses]).toEqual([0, 0]);
    monitor.monitorMany(root, batchAt(0), 0, 1);
    expect(monitor.monitoredAddresses).toBe(BATCH);
  });

  test("after a view has been given up, the first batch fits again", async () => {
    const { monitor, root } = await createMonitor();
    fill(monitor, root);
    monitor.unmonitorView(0);
    monitor.monitorMany(root, batchAt(0), 0, 1);
    expect(monitor.monitoredAddresses).toBe(BATCH);
  });

  test("marks that do not fit are refused, and can be had again once the others are processed", async () => {
    const { monitor, root } = await createMonitor();
    monitor.monitor({ va: 0n, root }, 0, 1);
    let marked = 0;
    const mark = (): void => {
      for (; ; marked++) monitor.markDirtyEntry(paOf(0x1_0000 + marked), 0, 3);
    };
    expect(mark).toThrow("memory is exhausted");
    expect(marked).toBeGreaterThan(10_000);
    expect(() => monitor.markDirtyEntry(paOf(0x1_0000 + marked), 0, 3)).toThrow("memory is exhausted");
    expect(monitor.markDirtyEntry(paOf(0x1_0000), 0, 3)).toBe(false); // has its place
    monitor.processDirtyEntries(3);
    expect(monitor.markDirtyEntry(paOf(0x1_0000 + marked), 0, 3)).toBe(false);
    monitor.monitorMany(root, batchAt(0), 0, 1);
    expect(monitor.monitoredAddresses).toBe(BATCH);
  });

  test("marks that fill the least memory leave enough to process them", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest);
    space.map(0n, paOf(1));
    const { memory } = new GuestDriver(guest, { features: [] });
    const monitor = await PageTableMonitor.create({ memory, maximumFrames: 4 });
    monitor.monitor({ va: 0n, root: space.root }, 0, "tag");
    monitor.markDirtyEntry(space.setEntry(0n, 1, 0n), 0, 3);
    const mark = (): void => {
      for (let gfn = 0x1_0000; ; gfn++) monitor.markDirtyEntry(paOf(gfn), 0, 3);
    };
    expect(mark).toThrow("process the marks that are pending");
    expect(monitor.processDirtyEntries(3)).toMatchObject([{ type: "page-out", va: 0n }]);
    expect(monitor.markDirtyEntry(paOf(0x9_0000), 0, 3)).toBe(false);
  });

  test("tables kept for translation do not keep addresses from coming in", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest);
    const tables = 4096;
    for (let i = 0; i < tables; i++) space.map(BigInt(i) * BigInt(PAGE_2M), paOf(i));
    const { memory } = new GuestDriver(guest, { features: ["read-frames", "immutable"] });
    const monitor = await PageTableMonitor.create<number>({ memory, arch: amd64(), maximumFrames: MAXIMUM_FRAMES });
    for (let i = 0; i < tables; i++) {
      try {
        monitor.translate({ va: BigInt(i) * BigInt(PAGE_2M), root: space.root });
      } catch {
        // what it may keep is told of elsewhere
      }
    }
    expect(monitor.monitor({ va: 0n, root: space.root }, 0, 1).pa).toBe(0n);
  });
});
