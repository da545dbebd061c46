/** Rule 9: replay, one memory after another. */

import { describe, expect, test } from "vitest";
import { fromColumns } from "../oracle/events.js";
import { entryAt, indexOf, PAGE_2M, PAGE_FLAGS, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { type DriverFeature, GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { COUSIN, createScene, OTHER_PA, PA, pageIn, pageOut, type Scene, SIBLING, STRANGER, THIRD_PA, VA } from "../support/scene.js";

const FEATURES: readonly (readonly DriverFeature[])[] = [[], ["read-frames"], ["immutable"], ["read-frames", "immutable"]];

function later(scene: Scene, features: readonly DriverFeature[], change: (space: AddressSpace) => void): GuestDriver {
  const guest = scene.guest.clone();
  change(new AddressSpace(guest, 4, scene.space.rootGfn));
  return new GuestDriver(guest, { features });
}

describe("rule 9, snapshots", () => {
  forEachMonitor((createMonitor) => {
    test.each(FEATURES.map((features) => [features.join(" and ") || "readFrame alone", features] as const))(
      "every monitored entry is compared, in all views and without a mark: %s",
      async (_name, features) => {
        const scene = await createScene(createMonitor, { features });
        const { space, monitor, at } = scene;
        for (const va of [VA, SIBLING, STRANGER]) {
          space.map(va, PA);
          monitor.monitor(at(va), 0, "tag");
        }
        monitor.monitor(at(VA), 2, "tag");
        const next = later(scene, features, (copy) => {
          copy.map(VA, OTHER_PA);
          copy.setEntry(STRANGER, 3, 0n);
        });

        expect(monitor.processSnapshot(next.memory)).toEqual([
          pageOut(at(VA), { pa: PA }),
          pageIn(at(VA), { pa: OTHER_PA }),
          pageOut(at(STRANGER), { pa: PA, fault: "not-present" }),
          pageOut(at(VA), { pa: PA, view: 2 }),
          pageIn(at(VA), { pa: OTHER_PA, view: 2 }),
        ]);
        expect(monitor.processSnapshot(next.memory)).toEqual([]);
      },
    );

    test("the new memory is the guest memory from then on", async () => {
      const scene = await createScene(createMonitor, { features: ["read-frames", "immutable"] });
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const next = later(scene, ["read-frames", "immutable"], (copy) => copy.map(COUSIN, THIRD_PA));
      monitor.processSnapshot(next.memory);
      driver.beginCall();

      expect(monitor.translate(at(COUSIN)).pa).toBe(THIRD_PA);
      expect(monitor.monitor(at(COUSIN), 0, "tag").pa).toBe(THIRD_PA);
      expect(driver.log).toEqual([]);
    });

    test("committed values are copies: the memory before may be closed once the call has returned", async () => {
      const scene = await createScene(createMonitor, { features: ["immutable"] });
      const { guest, space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const next = later(scene, ["immutable"], () => undefined);
      expect(monitor.processSnapshot(next.memory)).toEqual([]);
      driver.onCall = () => {
        throw new Error("closed");
      };
      guest.free(space.rootGfn);

      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
      expect(monitor.monitor(at(VA + 1n), 0, "tag").pa).toBe(PA + 1n);
      expect(monitor.processSnapshot(next.memory)).toEqual([]);
    });

    test("all pending marks of all vCPUs are spent", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      for (const vcpu of [0, 1, 65535]) {
        monitor.markDirtyEntry(space.entryPa(VA, 1), 0, vcpu);
        monitor.markDirtyEntry(space.entryPa(VA, 1), 4, vcpu);
      }
      expect(monitor.processSnapshot(driver.memory)).toEqual([]);
      space.map(VA, OTHER_PA);

      for (const vcpu of [0, 1, 65535]) {
        expect(monitor.processDirtyEntries(vcpu)).toEqual([]);
      }
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
    });

    test("the same memory again compares it with what was committed", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);

      expect(monitor.processSnapshot(driver.memory)).toHaveLength(2);
      expect(monitor.processSnapshot(driver.memory)).toEqual([]);
    });

    test("paths that ended at an unreadable table are tried again, and tables that are missing end paths", async () => {
      const scene = await createScene(createMonitor, { features: [] });
      const { guest, space, monitor, at } = scene;
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      guest.hide(space.tableGfn(VA, 1));
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(COUSIN), 0, "tag");
      const next = later(scene, [], (copy) => {
        copy.guest.show(copy.tableGfn(VA, 1));
        copy.guest.hide(copy.tableGfn(COUSIN, 1));
      });

      expect(monitor.processSnapshot(next.memory)).toEqual([
        pageIn(at(VA), { pa: PA }),
        pageOut(at(COUSIN), { pa: OTHER_PA, fault: "unreadable-table" }),
      ]);
    });

    test("a memory that holds nothing pages all out, and the old one brings all back", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor, { features: ["read-frames"] });
      space.map(VA, PA);
      space.map(STRANGER, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(STRANGER), 0, "tag");
      const nothing = new GuestDriver(new Guest(), { features: [] });

      expect(monitor.processSnapshot(nothing.memory).map(({ type, fault }) => [type, fault])).toEqual([
        ["page-out", "unreadable-table"],
        ["page-out", "unreadable-table"],
      ]);
      expect([monitor.monitoredEntries, monitor.monitoredTables, monitor.monitoredAddresses]).toEqual([0, 0, 2]);
      expect(monitor.processSnapshot(driver.memory)).toEqual([pageIn(at(VA), { pa: PA }), pageIn(at(STRANGER), { pa: OTHER_PA })]);
      expect(monitor.monitoredEntries).toBe(8);
    });

    test("a table that is reused at another place is walked by what it holds now", async () => {
      const scene = await createScene(createMonitor, { features: ["read-frames", "immutable"] });
      const { space, monitor, at } = scene;
      space.map(VA, PA);
      space.map(STRANGER, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(STRANGER), 0, "tag");
      const next = later(scene, ["read-frames", "immutable"], (copy) => {
        // The PT of VA becomes STRANGER's PD; VA gets a fresh PT.
        const pt = copy.tableGfn(VA, 1);
        const fresh = copy.guest.allocate(0x5_0000);
        copy.setEntry(VA, 2, paOf(fresh) | TABLE_FLAGS);
        copy.guest.write(entryAt(fresh, indexOf(VA, 1)), PA | PAGE_FLAGS);
        copy.setEntry(STRANGER, 3, paOf(pt) | TABLE_FLAGS);
        copy.map(STRANGER, 0x4000_0000n, { pageSize: PAGE_2M });
      });

      const pa = 0x4000_0000n + (STRANGER % BigInt(PAGE_2M));
      expect(monitor.processSnapshot(next.memory)).toEqual([
        pageOut(at(STRANGER), { pa: OTHER_PA }),
        pageIn(at(STRANGER), { pa, pageSize: PAGE_2M }),
      ]);
    });

    test("references, tags and addresses live on through snapshots", async () => {
      const scene = await createScene(createMonitor);
      const { space, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 0, "tag");
      monitor.processSnapshot(later(scene, ["protection"], (copy) => copy.map(VA, OTHER_PA)).memory);

      expect(monitor.lookup(at(VA), 0)).toEqual({ tag: "tag", pa: OTHER_PA, pageSize: 4096, references: 2 });
    });

    test("a snapshot of a monitor that watches nothing reads nothing", async () => {
      const scene = await createScene(createMonitor);
      const next = later(scene, ["read-frames"], () => undefined);

      expect(scene.monitor.processSnapshot(next.memory)).toEqual([]);
      expect(next.log).toEqual([]);
    });

    test("the columns say what the objects say", async () => {
      const scene = await createScene(createMonitor);
      const twin = await createScene(createMonitor);
      for (const { space, monitor, at } of [scene, twin]) {
        space.map(VA, PA);
        space.map(SIBLING, OTHER_PA);
        monitor.monitor(at(VA), 0, "a");
        monitor.monitor(at(SIBLING), 0, "b");
        monitor.monitor(at(STRANGER), 0, "b");
        space.map(STRANGER, THIRD_PA);
        space.setEntry(VA, 1, 0n);
      }

      const events = scene.monitor.processSnapshot(scene.driver.memory);
      expect(events).toHaveLength(2);
      expect(fromColumns(twin.monitor.processSnapshotColumns(twin.driver.memory))).toEqual(events);
    });
  });
});
