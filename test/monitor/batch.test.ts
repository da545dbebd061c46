/** Many addresses in one call, and events as columns: the same as one by one and as objects. */

import { describe, expect, test } from "vitest";
import { NOT_BACKED } from "../../src/model/translation.js";
import { fromColumns } from "../oracle/events.js";
import { entryAt, PAGE_1G, PAGE_2M, paOf, TABLE_FLAGS, vaFrom } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { COUSIN, createScene, expectNoViolations, OTHER_PA, PA, type Scene, SIBLING, STRANGER, THIRD_PA, VA } from "../support/scene.js";

const LARGE = vaFrom([1, 3, 0, 0]);
const HUGE = vaFrom([1, 4, 5, 6]);
const EVERYTHING = [STRANGER, VA, SIBLING, VA + 0xfffn, COUSIN, LARGE + 0x12345n, HUGE, vaFrom([0, 0, 0, 0]), vaFrom([1, 2, 9, 9])];

function mapEverything({ guest, space }: Scene): void {
  space.map(VA, PA);
  space.map(SIBLING, OTHER_PA);
  space.map(COUSIN, THIRD_PA);
  space.map(STRANGER, PA);
  space.map(LARGE, 0x4000_0000n, { pageSize: PAGE_2M });
  space.map(HUGE, 0x8000_0000n, { pageSize: PAGE_1G });
  const lost = vaFrom([1, 2, 9, 9]);
  space.map(lost, PA);
  guest.hide(space.tableGfn(lost, 1));
}

describe("batches", () => {
  forEachMonitor((createMonitor) => {
    test("monitorMany answers what monitor answers address by address, in the order of the array", async () => {
      const one = await createScene(createMonitor);
      const many = await createScene(createMonitor);
      mapEverything(one);
      mapEverything(many);

      const singly = EVERYTHING.map((va) => one.monitor.monitor(one.at(va), 0, "tag").pa ?? NOT_BACKED);
      const together = many.monitor.monitorMany(many.space.root, new BigUint64Array(EVERYTHING), 0, "tag");

      expect(together).toBeInstanceOf(BigUint64Array);
      expect([...together]).toEqual(singly);
      for (const va of EVERYTHING) {
        expect(many.monitor.lookup(many.at(va), 0)).toEqual(one.monitor.lookup(one.at(va), 0));
      }
      expect(many.monitor.monitoredEntries).toBe(one.monitor.monitoredEntries);
      expect(many.monitor.monitoredTables).toBe(one.monitor.monitoredTables);
      expect(many.monitor.pagedInEntries).toBe(one.monitor.pagedInEntries);
      expect(many.driver.secondStage.changed()).toEqual(one.driver.secondStage.changed());
      expectNoViolations(many);
    });

    test("an address twice in a batch is two references with the first tag", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const vas = new BigUint64Array([VA, SIBLING, VA, VA]);

      expect([...monitor.monitorMany(space.root, vas, 0, ["a", "b", "c", "d"])]).toEqual([PA, NOT_BACKED, PA, PA]);
      expect(monitor.lookup(at(VA), 0)).toMatchObject({ references: 3, tag: "a" });
      expect(monitor.lookup(at(SIBLING), 0)).toMatchObject({ references: 1, tag: "b" });
      expect(monitor.monitoredAddresses).toBe(2);
    });

    test("a batch adds references to what is monitored and answers it as committed", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "first");
      space.map(VA, OTHER_PA);
      space.map(SIBLING, THIRD_PA);

      expect([...monitor.monitorMany(space.root, new BigUint64Array([SIBLING, VA, VA + 1n]), 0, "second")]).toEqual([
        THIRD_PA,
        PA,
        PA + 1n,
      ]);
      expect(monitor.lookup(at(VA), 0)).toMatchObject({ references: 2, tag: "first" });
    });

    test("a batch of nothing does nothing", async () => {
      const { space, driver, monitor } = await createScene(createMonitor);

      expect(monitor.monitorMany(space.root, new BigUint64Array(), 0, "tag")).toEqual(new BigUint64Array());
      expect(monitor.monitorMany(space.root, new BigUint64Array(), 0, [])).toEqual(new BigUint64Array());
      expect(monitor.translateMany(space.root, new BigUint64Array())).toEqual(new BigUint64Array());
      expect(driver.log).toEqual([]);
    });

    test("a batch does not change its array, and keeps nothing of it", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const vas = new BigUint64Array([STRANGER, VA, VA]);
      const answer = monitor.monitorMany(space.root, vas, 0, "tag");
      expect([...vas]).toEqual([STRANGER, VA, VA]);
      vas.fill(0n);

      expect(answer[1]).toBe(PA);
      expect(monitor.lookup(at(STRANGER), 0)?.references).toBe(1);
    });

    test("a batch takes an array that is a part of a larger buffer", async () => {
      const { space, monitor } = await createScene(createMonitor);
      space.map(VA, PA);
      const part = new BigUint64Array([1n << 60n, VA, SIBLING, 1n << 60n]).subarray(1, 3);

      expect([...monitor.monitorMany(space.root, part, 0, "tag")]).toEqual([PA, NOT_BACKED]);
      expect([...monitor.translateMany(space.root, part)]).toEqual([PA, NOT_BACKED]);
      expect(monitor.monitoredAddresses).toBe(2);
    });

    test("translateMany answers what translate answers, address by address", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      mapEverything(scene);
      driver.protectedReads = "any";
      const vas = new BigUint64Array([...EVERYTHING, VA, STRANGER]);

      expect([...monitor.translateMany(space.root | 0xfffn, vas)]).toEqual(
        [...vas].map((va) => monitor.translate(at(va)).pa ?? NOT_BACKED),
      );
      expect(monitor.monitoredAddresses).toBe(0);
      expect(driver.protectionCalls()).toEqual([]);
      expectNoViolations(scene);
    });

    test("a batch larger than any block of the core is walked whole", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      const pages = 5000;
      const vas = Array.from({ length: pages }, (_unused, i) => vaFrom([2, 0, i >> 9, i & 511]));
      vas.forEach((va, i) => {
        space.map(va, BigInt(0x10_0000 + i * 3) << 12n);
      });
      const shuffled = vas.map((_va, i) => vas[(i * 1777) % pages] as bigint);
      const expected = shuffled.map((va) => monitor.translate(at(va)).pa);

      expect([...monitor.translateMany(space.root, new BigUint64Array(shuffled))]).toEqual(expected);
      expect([...monitor.monitorMany(space.root, new BigUint64Array(shuffled), 0, "tag")]).toEqual(expected);
      expect(monitor.monitoredAddresses).toBe(pages);
      expect(monitor.monitoredEntries).toBe(1 + 1 + 10 + pages);
      const pdpte = space.entryPa(vas[0] as bigint, 3);
      guest.write(pdpte, 0n);
      monitor.markDirtyEntry(pdpte, 0, 0);
      const columns = monitor.processDirtyColumns(0);
      expect(columns.length).toBe(pages);
      expect([...columns.va]).toEqual(vas);
      expect(monitor.pagedInEntries).toBe(0);
    });

    test("columns hold one row an event, of the types that the interface names", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      space.map(COUSIN, THIRD_PA);
      monitor.monitor(at(VA), 3, "a");
      monitor.monitor(at(SIBLING), 0, "b");
      monitor.monitor(at(COUSIN), 0, "a");
      trappedWrite(SIBLING, 1, THIRD_PA | TABLE_FLAGS);
      trappedWrite(COUSIN, 2, 0x2081n);
      monitor.markDirtyEntry(space.setEntry(VA, 1, 0n), 3, 0);
      const columns = monitor.processDirtyColumns(0);

      expect(columns.length).toBe(4);
      expect(columns.type).toEqual(new Uint8Array([0, 1, 0, 0]));
      expect(columns.fault).toEqual(new Uint8Array([0, 0, 2, 1]));
      expect(columns.va).toEqual(new BigUint64Array([SIBLING, SIBLING, COUSIN, VA]));
      expect(columns.root).toEqual(new BigUint64Array(4).fill(space.root));
      expect(columns.pa).toEqual(new BigUint64Array([OTHER_PA, THIRD_PA, THIRD_PA, PA]));
      expect(columns.view).toEqual(new Uint16Array([0, 0, 0, 3]));
      expect(columns.pageSize).toEqual(new Uint32Array(4).fill(4096));
      expect([...columns.tagIndex].map((i) => columns.tags[i])).toEqual(["b", "b", "a", "a"]);
    });

    test("columns without an event are empty", async () => {
      const { monitor } = await createScene(createMonitor);

      expect(fromColumns(monitor.processDirtyColumns(0))).toEqual([]);
      expect(monitor.processDirtyColumns(0).va).toEqual(new BigUint64Array());
    });

    test("columns stay what they were through later calls", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "first");
      trappedWrite(VA, 1, 0n);
      const columns = monitor.processDirtyColumns(0);
      const before = fromColumns(columns);
      monitor.unmonitorAll();
      space.map(STRANGER, OTHER_PA);
      monitor.monitor(at(STRANGER), 0, "second");
      trappedWrite(STRANGER, 1, 0n);
      expect(monitor.processDirtyColumns(0).length).toBe(1);
      monitor.dispose();

      expect(fromColumns(columns)).toEqual(before);
    });

    test("tags are anything, and come back as they were given", async () => {
      const { space, driver } = await createScene(createMonitor);
      const monitor = await createMonitor<{ readonly name: string } | undefined>({ memory: driver.memory });
      space.map(VA, PA);
      space.map(SIBLING, PA);
      const tag = { name: "stack" };
      monitor.monitorMany(space.root, new BigUint64Array([VA, SIBLING]), 0, [tag, undefined]);
      for (const va of [VA, SIBLING]) {
        monitor.markDirtyEntry(space.setEntry(va, 1, 0n), 0, 0);
      }

      expect(monitor.lookup({ va: VA, root: space.root }, 0)?.tag).toBe(tag);
      const columns = monitor.processDirtyColumns(0);
      expect([...columns.tagIndex].map((i) => columns.tags[i])).toEqual([tag, undefined]);
    });

    test("events of a batch through a table that is shared by many slots are each told once", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      const pd = space.tableGfn(VA, 2);
      const pdpt = space.tableGfn(VA, 3);
      for (let i = 0; i < 512; i++) {
        guest.write(entryAt(pdpt, i), paOf(pd) | TABLE_FLAGS);
      }
      const vas = Array.from({ length: 512 }, (_unused, i) => vaFrom([1, i, 3, 4]));
      monitor.monitorMany(space.root, new BigUint64Array(vas), 0, "tag");
      expect(monitor.monitoredEntries).toBe(1 + 512 + 1 + 1);
      trappedWrite(VA, 1, 0n);

      const events = monitor.processDirtyEntries(0);
      expect(events.map((event) => event.va)).toEqual(vas);
      expect(monitor.lookup(at(vas[77] as bigint), 0)?.pa).toBeUndefined();
    });
  });
});
