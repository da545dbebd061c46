/** Rule 2: what marking answers, and what a mark outlives. */

import { describe, expect, test } from "vitest";
import { entryAt, indexOf, PAGE_FLAGS } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { COUSIN, createScene, OTHER_PA, PA, pageIn, pageOut, SIBLING, VA } from "../support/scene.js";

describe("rule 2, marking", () => {
  forEachMonitor((createMonitor) => {
    test("marking answers true exactly where the entry is monitored in that view", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 2, "tag");

      for (const level of [4, 3, 2, 1]) {
        expect(monitor.markDirtyEntry(space.entryPa(VA, level), 2, 0)).toBe(true);
        expect(monitor.markDirtyEntry(space.entryPa(VA, level), 0, 0)).toBe(false);
        expect(monitor.markDirtyEntry(space.entryPa(VA, level) + 8n, 2, 0)).toBe(false);
      }
      expect(monitor.markDirtyEntry(PA, 2, 0)).toBe(false);
      expect(monitor.markDirtyEntry((1n << 52n) - 1n, 2, 0)).toBe(false);
    });

    test("a second and a third mark answer true, by the same vCPU and by others", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const pte = space.entryPa(VA, 1);

      expect([0, 0, 1, 65535, 0].map((vcpu) => monitor.markDirtyEntry(pte, 0, vcpu))).toEqual([true, true, true, true, true]);
    });

    test("every address inside an entry means that entry", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const pte = space.entryPa(VA, 1);

      expect([-1n, 0n, 1n, 7n, 8n].map((offset) => monitor.markDirtyEntry(pte + offset, 0, 0))).toEqual([false, true, true, true, false]);
      space.map(VA, OTHER_PA);
      expect(monitor.processDirtyEntries(0)).toHaveLength(2);
    });

    test("a mark on the last byte of an entry is enough to process it", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.markDirtyEntry(space.map(VA, OTHER_PA) + 7n, 0, 0);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
    });

    test("marking changes nothing that is said of an address, and reads nothing", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);
      driver.beginCall();
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);

      expect(driver.log).toEqual([]);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
    });

    test("a mark set before the entry was monitored counts, also where the write lands later", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      expect(monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 3)).toBe(false);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);

      expect(monitor.processDirtyEntries(3)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
    });

    test("a mark survives that the entry is dropped and taken up again", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
      monitor.unmonitor(at(VA), 0);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);

      expect(monitor.processDirtyEntries(0)).toHaveLength(2);
    });

    test.each(["unmonitorAll", "unmonitorView", "unmonitorByForce"] as const)("%s spends no mark", async (method) => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
      if (method === "unmonitorAll") {
        monitor.unmonitorAll();
      } else if (method === "unmonitorView") {
        monitor.unmonitorView(0);
      } else {
        monitor.unmonitorByForce(at(VA), 0);
      }
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);

      expect(monitor.processDirtyEntries(0)).toHaveLength(2);
    });

    test("a mark survives another vCPU's processing that drops the entry and one that takes it up again", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const pde = guest.read(space.entryPa(VA, 2));
      const pte = space.entryPa(VA, 1);
      monitor.monitor(at(VA), 0, "tag");
      monitor.markDirtyEntry(pte, 0, 1);
      monitor.markDirtyEntry(space.setEntry(VA, 2, 0n), 0, 2);
      expect(monitor.processDirtyEntries(2)).toEqual([pageOut(at(VA), { pa: PA, fault: "not-present" })]);
      monitor.markDirtyEntry(space.setEntry(VA, 2, pde), 0, 2);
      expect(monitor.processDirtyEntries(2)).toEqual([pageIn(at(VA), { pa: PA })]);
      guest.write(pte, OTHER_PA | PAGE_FLAGS);

      expect(monitor.processDirtyEntries(1)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
    });

    test("a mark is spent by its vCPU's next processing, also where its entry was not monitored then", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
      expect(monitor.processDirtyEntries(0)).toEqual([]);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
    });

    test("a mark in one view says nothing of the same entry in another", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 1, "tag");
      monitor.markDirtyEntry(space.map(VA, OTHER_PA), 1, 0);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, view: 1 }), pageIn(at(VA), { pa: OTHER_PA, view: 1 })]);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
    });

    test("a range marks every entry that it touches, the ones that it cuts included", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(SIBLING), 0, "tag");
      const pte = space.entryPa(VA, 1);

      expect(monitor.markDirtyRange(pte, 16, 0, 0)).toBe(2);
      expect(monitor.markDirtyRange(pte + 7n, 2, 0, 0)).toBe(2);
      expect(monitor.markDirtyRange(pte + 7n, 1, 0, 0)).toBe(1);
      expect(monitor.markDirtyRange(pte + 8n, 1, 0, 0)).toBe(1);
      expect(monitor.markDirtyRange(pte - 8n, 8, 0, 0)).toBe(0);
      expect(monitor.markDirtyRange(pte - 8n, 9, 0, 0)).toBe(1);
      expect(monitor.markDirtyRange(pte, 16, 1, 0)).toBe(0);
    });

    test("a range of no bytes touches nothing", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const pte = space.map(VA, OTHER_PA);

      expect(monitor.markDirtyRange(pte, 0, 0, 0)).toBe(0);
      expect(monitor.markDirtyRange(pte + 3n, 0, 0, 0)).toBe(0);
      expect(monitor.processDirtyEntries(0)).toEqual([]);
    });

    test("a range goes over the ends of frames", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      const [first, second] = [space.tableGfn(VA, 1), space.tableGfn(COUSIN, 1)];
      expect(second).toBe(first + 1);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(COUSIN), 0, "tag");
      guest.write(entryAt(first, indexOf(VA, 1)), 0n);
      guest.write(entryAt(second, indexOf(COUSIN, 1)), 0n);

      expect(monitor.markDirtyRange(entryAt(first, 511), 16, 0, 0)).toBe(1);
      expect(monitor.markDirtyRange(entryAt(first, 0), 2 * 4096, 0, 1)).toBe(2);
      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(COUSIN), { pa: OTHER_PA, fault: "not-present" })]);
      expect(monitor.processDirtyEntries(1)).toEqual([pageOut(at(VA), { pa: PA, fault: "not-present" })]);
    });

    test("a range counts each entry once, and one in several paths once", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA + 1n), 0, "tag");
      monitor.monitor(at(SIBLING), 0, "tag");
      const frames = [4, 3, 2, 1].map((level) => space.tableGfn(VA, level));
      const first = Math.min(...frames);

      expect(monitor.markDirtyRange(entryAt(first, 0), 4096 * (Math.max(...frames) - first + 1), 0, 0)).toBe(5);
    });

    test("a range that was marked before its entries were monitored counts", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      expect(monitor.markDirtyRange(entryAt(space.tableGfn(VA, 1), 0), 4096, 0, 0)).toBe(0);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
    });

    test("the largest range keeps no memory in proportion to it: a small monitor takes it for every vCPU", async () => {
      const guest = new Guest();
      const space = new AddressSpace(guest);
      const monitor = await createMonitor({ memory: new GuestDriver(guest).memory, maximumFrames: 16 });
      space.map(VA, PA);
      monitor.monitor({ va: VA, root: space.root }, 0, "tag");
      for (let vcpu = 0; vcpu < 50; vcpu++) {
        expect(monitor.markDirtyRange(0n, 2 ** 30, 0, vcpu)).toBe(4);
      }
    });
  });
});
