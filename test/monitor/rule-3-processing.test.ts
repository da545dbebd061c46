/** Rule 3: what one processing takes, reads, commits and drops. */

import { describe, expect, test } from "vitest";
import { entryAt, indexOf, PAGE_FLAGS, paOf, TABLE_FLAGS, vaFrom } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import {
  COUSIN,
  createScene,
  expectNoViolations,
  OTHER_PA,
  PA,
  pageIn,
  pageOut,
  SIBLING,
  STRANGER,
  THIRD_PA,
  VA,
} from "../support/scene.js";

describe("rule 3, processing", () => {
  forEachMonitor((createMonitor) => {
    test("processing without marks reads nothing and says nothing", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);
      driver.beginCall();

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(driver.log).toEqual([]);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
    });

    test("a write that nobody marked is not seen, whatever else is processed", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(SIBLING), 0, "tag");
      space.map(VA, THIRD_PA);
      trappedWrite(SIBLING, 1, 0n);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(SIBLING), { pa: OTHER_PA, fault: "not-present" })]);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
    });

    test("only the marks of the vCPU that is processed are taken", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(SIBLING), 0, "tag");
      monitor.markDirtyEntry(space.setEntry(VA, 1, 0n), 0, 1);
      monitor.markDirtyEntry(space.setEntry(SIBLING, 1, 0n), 0, 2);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.processDirtyEntries(2)).toEqual([pageOut(at(SIBLING), { pa: OTHER_PA, fault: "not-present" })]);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
      expect(monitor.processDirtyEntries(1)).toEqual([pageOut(at(VA), { pa: PA, fault: "not-present" })]);
      expect(monitor.processDirtyEntries(1)).toEqual([]);
    });

    test("an entry marked by two vCPUs is told by the first, and read again for the second", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 1);
      monitor.markDirtyEntry(space.map(VA, OTHER_PA), 0, 2);

      expect(monitor.processDirtyEntries(1)).toHaveLength(2);
      expect(monitor.processDirtyEntries(2)).toEqual([]);
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 1);
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 2);
      space.map(VA, THIRD_PA);
      expect(monitor.processDirtyEntries(1)).toHaveLength(2);
      space.map(VA, PA);
      expect(monitor.processDirtyEntries(2)).toEqual([pageOut(at(VA), { pa: THIRD_PA }), pageIn(at(VA), { pa: PA })]);
    });

    test("marks are spent by their processing", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 1, 0n);
      monitor.processDirtyEntries(0);
      space.map(VA, PA);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
    });

    test("the same value written again says nothing", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      for (const level of [4, 3, 2, 1]) {
        trappedWrite(VA, level, guest.read(space.entryPa(VA, level)));
      }

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.monitoredEntries).toBe(4);
    });

    test("an entry cleared and set again between two processings says nothing", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const pde = guest.read(space.entryPa(VA, 2));
      trappedWrite(VA, 2, 0n);
      trappedWrite(VA, 2, pde);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
    });

    test("a PDE cleared and set again pages its whole range out and in", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(SIBLING), 0, "tag");
      const pde = guest.read(space.entryPa(VA, 2));
      trappedWrite(VA, 2, 0n);

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA, fault: "not-present" }),
        pageOut(at(SIBLING), { pa: OTHER_PA, fault: "not-present" }),
      ]);
      expect(monitor.monitoredEntries).toBe(3);
      expect(monitor.pagedInEntries).toBe(0);
      trappedWrite(VA, 2, pde);
      expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa: PA }), pageIn(at(SIBLING), { pa: OTHER_PA })]);
      expect(monitor.monitoredEntries).toBe(5);
    });

    test.each([4, 3, 2])("a subtree exchanged at level %i drops the old entries and takes up the new ones", async (level) => {
      const scene = await createScene(createMonitor);
      const { guest, space, driver, monitor, at, trappedWrite } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const oldTables = Array.from({ length: level - 1 }, (_unused, i) => space.tableGfn(VA, i + 1));
      const oldPte = space.entryPa(VA, 1);
      trappedWrite(VA, level, 0n);
      space.map(VA, OTHER_PA);
      const newTables = Array.from({ length: level - 1 }, (_unused, i) => space.tableGfn(VA, i + 1));
      driver.beginCall();

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
      expect(monitor.monitoredEntries).toBe(4);
      expect(monitor.markDirtyEntry(oldPte, 0, 0)).toBe(false);
      expect(monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0)).toBe(true);
      expect(driver.protectionCalls().sort()).toEqual(
        [...oldTables.map((gfn) => `0:${gfn}=7`), ...newTables.map((gfn) => `0:${gfn}=1`)].sort(),
      );
      expect(guest.isHidden(oldTables[0] as number)).toBe(false);
      expectNoViolations(scene);
    });

    test("an entry taken up in the call has its value in memory, one monitored before its committed value", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      space.map(COUSIN, THIRD_PA);
      const pt = guest.read(space.entryPa(VA, 2));
      monitor.monitor(at(VA), 0, "tag");
      // Joins VA's PT at index 0, through COUSIN's PDE: VA's own PTE is pending, the one at index 0 has never been seen.
      const cousin = vaFrom([1, 2, 4, indexOf(VA, 1)]);
      monitor.monitor(at(cousin), 0, "tag");
      space.map(VA, THIRD_PA);
      trappedWrite(COUSIN, 2, pt);

      expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(cousin), { pa: PA })]);
      monitor.monitor(at(SIBLING), 0, "tag");
      expect(monitor.lookup(at(SIBLING), 0)?.pa).toBe(OTHER_PA);
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 5);
      expect(monitor.processDirtyEntries(5)).toEqual([
        pageOut(at(VA), { pa: PA }),
        pageIn(at(VA), { pa: THIRD_PA }),
        pageOut(at(cousin), { pa: PA }),
        pageIn(at(cousin), { pa: THIRD_PA }),
      ]);
    });

    test("marked entries of several levels are committed together", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const pt = guest.allocate();
      guest.write(entryAt(pt, indexOf(VA, 1)), THIRD_PA | PAGE_FLAGS);
      trappedWrite(VA, 1, OTHER_PA | PAGE_FLAGS);
      trappedWrite(VA, 2, paOf(pt) | TABLE_FLAGS);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: THIRD_PA })]);
    });

    test("two addresses that exchange their tables in one call end exchanged", async () => {
      const scene = await createScene(createMonitor);
      const { guest, space, driver, monitor, at, trappedWrite } = scene;
      space.map(VA, PA);
      const other = vaFrom([1, 2, 4, 4]);
      space.map(other, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(other), 0, "tag");
      const [one, two] = [guest.read(space.entryPa(VA, 2)), guest.read(space.entryPa(other, 2))];
      trappedWrite(VA, 2, two);
      trappedWrite(other, 2, one);
      driver.beginCall();

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA }),
        pageIn(at(VA), { pa: OTHER_PA }),
        pageOut(at(other), { pa: OTHER_PA }),
        pageIn(at(other), { pa: PA }),
      ]);
      expect(driver.protectionCalls()).toEqual([]);
      expectNoViolations(scene);
    });

    test("an entry on a path before and after keeps its committed value though it was off the path of its address meanwhile", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      const other = vaFrom([1, 2, 6, 4]);
      monitor.monitor(at(other), 0, "tag");
      const pde = guest.read(space.entryPa(VA, 2));
      // The PT moves from one PDE to another; its PTE is on a path before and after, so its pending write stays pending.
      space.map(VA, THIRD_PA);
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 9);
      guest.write(entryAt(space.tableGfn(VA, 2), 6), pde);
      monitor.markDirtyEntry(entryAt(space.tableGfn(VA, 2), 6), 0, 0);
      trappedWrite(VA, 2, 0n);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault: "not-present" }), pageIn(at(other), { pa: PA })]);
      expect(monitor.processDirtyEntries(9)).toEqual([pageOut(at(other), { pa: PA }), pageIn(at(other), { pa: THIRD_PA })]);
    });

    test("a table that loses one entry and gains another in the same call sees no protection call", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at, trappedWrite } = scene;
      space.map(VA, PA);
      const shifted = vaFrom([1, 2, 6, 7]);
      space.map(shifted, OTHER_PA);
      const pt = space.guest.read(space.entryPa(VA, 2));
      space.guest.write(entryAt(space.tableGfn(VA, 1), 7), THIRD_PA | PAGE_FLAGS);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(shifted), 0, "tag");
      const left = space.tableGfn(shifted, 1);
      trappedWrite(shifted, 2, pt);
      trappedWrite(VA, 2, 0n);
      driver.beginCall();

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA, fault: "not-present" }),
        pageOut(at(shifted), { pa: OTHER_PA }),
        pageIn(at(shifted), { pa: THIRD_PA }),
      ]);
      expect(driver.protectionCalls()).toEqual([`0:${left}=7`]);
      expectNoViolations(scene);
    });

    test("marks of several views are processed in one call, each view for itself", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "zero");
      monitor.monitor(at(VA), 1, "one");
      monitor.monitor(at(VA), 2, "two");
      const pte = space.map(VA, OTHER_PA);
      monitor.markDirtyEntry(pte, 2, 0);
      monitor.markDirtyEntry(pte, 0, 0);

      expect(monitor.processDirtyEntries(0).map(({ view, type, tag }) => [view, type, tag])).toEqual([
        [0, "page-out", "zero"],
        [0, "page-in", "zero"],
        [2, "page-out", "two"],
        [2, "page-in", "two"],
      ]);
      expect(monitor.lookup(at(VA), 1)?.pa).toBe(PA);
    });

    test("an address whose entry was processed without a change is walked anew: a table that came back is found", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      guest.hide(space.tableGfn(VA, 1));
      monitor.monitor(at(VA), 0, "tag");
      guest.show(space.tableGfn(VA, 1));
      monitor.markDirtyEntry(space.entryPa(VA, 4), 0, 0);

      expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa: PA })]);
      expect(monitor.monitoredEntries).toBe(4);
    });

    test("an address is walked over entries in a cycle of tables as the guest would", async () => {
      const { guest, space, monitor } = await createScene(createMonitor);
      const cycle = guest.allocate();
      guest.write(entryAt(cycle, 0), paOf(cycle) | TABLE_FLAGS);
      const ctx = { va: 0x123n, root: paOf(cycle) };

      expect(monitor.monitor(ctx, 0, "tag")).toMatchObject({ pa: paOf(cycle) + 0x123n, pageSize: 4096 });
      expect([monitor.monitoredEntries, monitor.monitoredTables]).toEqual([1, 1]);
      guest.write(entryAt(cycle, 0), 0n);
      monitor.markDirtyEntry(entryAt(cycle, 0), 0, 0);
      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(ctx, { pa: paOf(cycle) + 0x123n, fault: "not-present" })]);
      expect(monitor.lookup({ va: VA, root: space.root }, 0)).toBeUndefined();
    });

    test("a marked entry that lies on the paths of two roots is told for both", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const other = guest.allocate();
      guest.write(entryAt(other, indexOf(VA, 4)), guest.read(space.entryPa(VA, 4)));
      const twin = { va: VA, root: paOf(other) };
      monitor.monitor(twin, 0, "twin");
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(STRANGER), 0, "tag");
      monitor.markDirtyEntry(space.map(VA, OTHER_PA), 0, 0);

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA }),
        pageIn(at(VA), { pa: OTHER_PA }),
        pageOut(twin, { pa: PA, tag: "twin" }),
        pageIn(twin, { pa: OTHER_PA, tag: "twin" }),
      ]);
    });
  });
});
