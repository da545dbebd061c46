/** Rule 7: when a table is protected, through which memory it is released, and what happens where that fails. */

import { describe, expect, test } from "vitest";
import { ViewNotFoundError } from "../../src/model/errors.js";
import { entryAt, indexOf, PAGE_FLAGS, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { type DriverFeature, GuestDriver } from "../support/driver.js";
import {
  COUSIN,
  createScene,
  expectNoViolations,
  OTHER_PA,
  PA,
  pageIn,
  pageOut,
  type Scene,
  SIBLING,
  STRANGER,
  thrownBy,
  VA,
} from "../support/scene.js";
import { SecondStage, stageKey } from "../support/second-stage.js";
import type { CreateMonitor } from "../support/subject.js";

function tablesOf(scene: Scene, va: bigint): number[] {
  return [4, 3, 2, 1].map((level) => scene.space.tableGfn(va, level));
}

/** Another memory of the same guest: a copy of what it holds now. */
function laterMemory(scene: Scene, features: readonly DriverFeature[]): GuestDriver {
  return new GuestDriver(scene.guest.clone(), { features, secondStage: scene.driver.secondStage });
}

/** A later memory, with protection, in which a table that is new stands below VA's PDE. */
function laterWithNewTable(scene: Scene): { readonly next: GuestDriver; readonly come: number } {
  const next = laterMemory(scene, ["read-frames", "protection"]);
  const come = next.guest.allocate(0x5_0000);
  next.guest.write(scene.space.entryPa(VA, 2), paOf(come) | TABLE_FLAGS);
  return { next, come };
}

/** VA is monitored in a memory without protection; a later one has it, and a new table. */
async function createProtectedLater(createMonitor: CreateMonitor): Promise<{ scene: Scene; next: GuestDriver; come: number }> {
  const scene = await createScene(createMonitor, { features: ["read-frames"] });
  scene.space.map(VA, PA);
  scene.monitor.monitor(scene.at(VA), 0, "tag");
  return { scene, ...laterWithNewTable(scene) };
}

describe("rule 7, protection", () => {
  forEachMonitor((createMonitor) => {
    test("every table is set to read-only before it is read, once, and given back as it was", async () => {
      const accesses = [7, 3, 5, 6];
      const secondStage = new SecondStage((gfn) => accesses[gfn % accesses.length] as number);
      const scene = await createScene(createMonitor, { secondStage });
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");

      expect(driver.protectionCalls()).toEqual(tablesOf(scene, VA).map((gfn) => `0:${gfn}=1`));
      monitor.monitor(at(SIBLING), 0, "tag");
      expect(driver.protectionCalls()).toHaveLength(4);
      monitor.unmonitor(at(VA), 0);
      expect(driver.protectionCalls()).toHaveLength(4);
      driver.beginCall();
      monitor.unmonitor(at(SIBLING), 0);
      expect(driver.protectionCalls().sort()).toEqual(
        tablesOf(scene, VA)
          .map((gfn) => `0:${gfn}=${accesses[gfn % 4]}`)
          .sort(),
      );
      expectNoViolations(scene);
    });

    test.each([["read-frames", "protection"] as const, ["protection"] as const])(
      "a write that slips in just before the protection is seen: %s",
      async (...features) => {
        const { space, driver, monitor, at } = await createScene(createMonitor, { features });
        space.map(VA, PA);
        const pt = space.tableGfn(VA, 1);
        driver.onCall = (call) => {
          if (call.type === "setMemoryAccess" && call.gfn === pt) {
            space.map(VA, OTHER_PA);
          }
        };

        expect(monitor.monitor(at(VA), 0, "tag").pa).toBe(OTHER_PA);
      },
    );

    test("a write that slips in just before the protection of a table that a processing takes up is seen", async () => {
      const { guest, space, driver, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const pt = guest.allocate();
      trappedWrite(VA, 2, paOf(pt) | TABLE_FLAGS);
      driver.onCall = (call) => {
        if (call.type === "setMemoryAccess" && call.gfn === pt) {
          guest.write(entryAt(pt, indexOf(VA, 1)), OTHER_PA | PAGE_FLAGS);
        }
      };

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
    });

    test("each view protects for itself", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 4, "tag");
      expect(driver.secondStage.changed()).toHaveLength(8);
      monitor.unmonitorView(0);

      expect(driver.secondStage.changed()).toEqual(
        tablesOf(scene, VA)
          .map((gfn) => `4:${gfn}=1`)
          .sort(),
      );
      expectNoViolations(scene);
    });

    test("memory without protection is monitored without", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor, { features: ["read-frames"] });
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.unmonitorAll();

      expect(driver.protectionCalls()).toEqual([]);
    });

    test("a table that stays monitored through a processing sees no protection call", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at, trappedWrite } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      for (const level of [4, 3, 2, 1]) {
        trappedWrite(VA, level, space.guest.read(space.entryPa(VA, level)));
      }
      trappedWrite(VA, 1, 0n);
      driver.beginCall();

      expect(monitor.processDirtyEntries(0)).toHaveLength(1);
      expect(driver.protectionCalls()).toEqual([]);
      expectNoViolations(scene);
    });

    describe("a release that fails", () => {
      async function stuckScene(): Promise<{ scene: Scene; key: string; gfn: number }> {
        const scene = await createScene(createMonitor, { secondStage: new SecondStage(() => 3) });
        const { guest, driver, monitor, at, space } = scene;
        guest.allocate(0xabcde);
        guest.write(entryAt(space.rootGfn, indexOf(STRANGER, 4)), paOf(0xabcde) | TABLE_FLAGS);
        space.map(STRANGER, PA);
        monitor.monitor(at(STRANGER), 0, "tag");
        const key = stageKey(0, 0xabcde);
        driver.secondStage.failingReleases.add(key);
        monitor.unmonitor(at(STRANGER), 0);
        driver.beginCall();
        return { scene, key, gfn: 0xabcde };
      }

      test("does not throw, releases all others and is listed by dump", async () => {
        const { scene, key } = await stuckScene();

        expect(scene.driver.secondStage.changed()).toEqual([`${key}=1`]);
        expect(scene.monitor.monitoredTables).toBe(0);
        expect(scene.monitor.dump()).toMatch(/abcde/i);
        scene.driver.secondStage.failingReleases.clear();
        scene.monitor.unmonitorAll();
        expect(scene.monitor.dump()).not.toMatch(/abcde/i);
        expectNoViolations(scene);
      });

      test("is tried once more by every later call that returns", async () => {
        const { scene, key } = await stuckScene();
        const { space, driver, monitor, at } = scene;
        const calls: readonly (() => unknown)[] = [
          () => monitor.processDirtyEntries(0),
          () => monitor.processDirtyColumns(3),
          () => monitor.unmonitor(at(VA), 0),
          () => monitor.unmonitorByForce(at(VA), 0),
          () => monitor.unmonitorView(9),
          () => monitor.unmonitorAll(),
          () => monitor.monitorMany(space.root, new BigUint64Array(), 0, "tag"),
          () => monitor.monitor({ va: VA, root: 0x77_7777_7000n }, 2, "tag"),
          () => monitor.monitor({ va: VA, root: 0x77_7777_7000n }, 2, "tag"),
          () => monitor.processSnapshot(driver.memory),
          () => monitor.processSnapshotColumns(driver.memory),
        ];
        for (const call of calls) {
          driver.beginCall();
          call();
          expect(driver.protectionCalls().filter((made) => made.startsWith(`${key}=`))).toEqual([`${key}=3`]);
        }
        driver.secondStage.failingReleases.clear();
        monitor.processDirtyEntries(0);
        expect(driver.secondStage.changed()).toEqual([]);
        driver.beginCall();
        monitor.processDirtyEntries(0);
        expect(driver.protectionCalls()).toEqual([]);
        expectNoViolations(scene);
      });

      test("is not tried again by a call that throws, a mark, a lookup or a translate", async () => {
        const { scene } = await stuckScene();
        const { driver, monitor, at } = scene;
        driver.protectedReads = "any";
        thrownBy(() => monitor.monitor({ va: 1n << 50n, root: 0n }, 0, "tag"));
        thrownBy(() => monitor.unmonitorView(-1));
        monitor.markDirtyEntry(0n, 0, 0);
        monitor.markDirtyRange(0n, 4096, 0, 0);
        monitor.lookup(at(VA), 0);
        monitor.translate(at(VA));
        monitor.dump();

        expect(driver.protectionCalls()).toEqual([]);
      });

      test("lets the table be monitored again without a call, and given back with the access that it first had", async () => {
        const { scene, key } = await stuckScene();
        const { driver, monitor, at } = scene;
        monitor.monitor(at(STRANGER), 0, "tag");

        expect(driver.log.filter((call) => "view" in call && call.gfn === 0xabcde)).toEqual([]);
        driver.beginCall();
        monitor.processDirtyEntries(0);
        expect(driver.protectionCalls()).toEqual([]);
        driver.secondStage.failingReleases.clear();
        monitor.unmonitorAll();
        expect(driver.protectionCalls()).toContain(`${key}=3`);
        expect(driver.secondStage.changed()).toEqual([]);
        expectNoViolations(scene);
      });

      test("and a monitor that takes it up and then throws leave it as it was", async () => {
        const { scene, key } = await stuckScene();
        const { space, driver, monitor, at } = scene;
        driver.failingReads.add(space.tableGfn(STRANGER, 1));
        expect(thrownBy(() => monitor.monitor(at(STRANGER), 0, "tag"))).toBeInstanceOf(Error);

        expect(driver.secondStage.changed()).toEqual([`${key}=1`]);
        driver.secondStage.failingReleases.clear();
        monitor.processDirtyEntries(0);
        expect(driver.secondStage.changed()).toEqual([]);
        expectNoViolations(scene);
      });

      test("for what proved unreadable counts in the same way", async () => {
        const scene = await createScene(createMonitor);
        const { guest, space, driver, monitor, at } = scene;
        space.map(VA, PA);
        const pt = space.tableGfn(VA, 1);
        guest.hide(pt);
        driver.secondStage.failingReleases.add(stageKey(0, pt));
        expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("unreadable-table");
        expect(driver.secondStage.changed()).toContain(`0:${pt}=1`);
        expect(monitor.monitoredTables).toBe(3);
        driver.secondStage.failingReleases.clear();
        monitor.processDirtyEntries(0);

        expect(driver.secondStage.changed()).not.toContain(`0:${pt}=1`);
        expectNoViolations(scene);
      });

      test("because the view is gone ends the matter", async () => {
        const scene = await createScene(createMonitor);
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        monitor.monitor(at(VA), 6, "tag");
        driver.secondStage.goneViews.add(6);
        monitor.unmonitorAll();
        driver.beginCall();
        monitor.processDirtyEntries(0);

        expect(driver.protectionCalls()).toEqual([]);
        driver.secondStage.goneViews.clear();
        monitor.monitor(at(VA), 6, "tag");
        expect(driver.secondStage.changed()).toHaveLength(4);
        expectNoViolations(scene);
      });
    });

    test("monitoring in a view that is gone throws the driver's ViewNotFoundError and leaves nothing", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      driver.secondStage.goneViews.add(1);

      expect(thrownBy(() => monitor.monitor(at(VA), 1, "tag"))).toBeInstanceOf(ViewNotFoundError);
      expect(monitor.monitoredAddresses).toBe(0);
      expect(driver.secondStage.changed()).toEqual([]);
      expectNoViolations(scene);
    });

    describe("at a snapshot", () => {
      test("tables that stay see no call, tables that come and go are handled through the new memory", async () => {
        const scene = await createScene(createMonitor);
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        const { next, come } = laterWithNewTable(scene);
        next.guest.write(entryAt(come, indexOf(VA, 1)), OTHER_PA | PAGE_FLAGS);
        const go = space.tableGfn(VA, 1);
        driver.beginCall();
        next.protectedReads = "all";

        expect(monitor.processSnapshot(next.memory)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
        expect(driver.log).toEqual([]);
        expect(next.protectionCalls()).toEqual([`0:${come}=1`, `0:${go}=7`]);
        expect(next.violations).toEqual([]);
        monitor.unmonitorAll();
        expect(driver.log).toEqual([]);
        expect(driver.secondStage.changed()).toEqual([]);
        expectNoViolations(scene);
      });

      test("to memory without protection all tables are released through the earlier one", async () => {
        const scene = await createScene(createMonitor);
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        space.map(COUSIN, PA);
        monitor.monitor(at(VA), 0, "tag");
        monitor.monitor(at(COUSIN), 3, "tag");
        const next = laterMemory(scene, ["read-frames"]);
        monitor.processSnapshot(next.memory);

        expect(driver.secondStage.changed()).toEqual([]);
        driver.beginCall();
        monitor.unmonitor(at(VA), 0);
        monitor.unmonitorAll();
        expect(driver.protectionCalls()).toEqual([]);
        expectNoViolations(scene);
      });

      test("that throws, to memory without protection, everything stays protected", async () => {
        const scene = await createScene(createMonitor);
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        const protectedBefore = driver.secondStage.changed();
        const next = laterMemory(scene, []);
        next.failingReads.add(space.tableGfn(VA, 1));
        thrownBy(() => monitor.processSnapshot(next.memory));

        expect(protectedBefore).toHaveLength(4);
        expect(driver.secondStage.changed()).toEqual(protectedBefore);
        expectNoViolations(scene);
      });

      test("that throws, tables that had come are given back through the memory that protected them", async () => {
        const scene = await createScene(createMonitor);
        const { guest, space, driver, monitor, at } = scene;
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        const before = driver.secondStage.changed();
        const next = laterMemory(scene, ["protection"]);
        const [pd, pt] = [next.guest.allocate(0x5_0000), next.guest.allocate(0x5_0001)];
        next.guest.write(space.entryPa(VA, 3), paOf(pd) | TABLE_FLAGS);
        next.guest.write(entryAt(pd, indexOf(VA, 2)), paOf(pt) | TABLE_FLAGS);
        next.failingReads.add(pt);
        thrownBy(() => monitor.processSnapshot(next.memory));

        expect(driver.secondStage.changed()).toEqual(before);
        expect(guest.tryFrame(pd)).toBeUndefined();
        monitor.unmonitorAll();
        expect(driver.secondStage.changed()).toEqual([]);
        expectNoViolations(scene);
      });

      test("that throws, what could not be given back is tried again through the memory that protected it, if none before can", async () => {
        const { scene, next, come } = await createProtectedLater(createMonitor);
        const { driver, monitor } = scene;
        next.failingReads.add(come);
        driver.secondStage.failingReleases.add(stageKey(0, come));
        thrownBy(() => monitor.processSnapshot(next.memory));
        expect(driver.secondStage.changed()).toEqual([`0:${come}=1`]);
        driver.secondStage.failingReleases.clear();
        monitor.processDirtyEntries(0);

        expect(driver.secondStage.changed()).toEqual([]);
        expectNoViolations(scene);
      });

      test("from memory without protection to memory with it, tables that come are protected", async () => {
        const { scene, next, come } = await createProtectedLater(createMonitor);
        const { driver, monitor } = scene;
        monitor.processSnapshot(next.memory);

        expect(driver.secondStage.changed()).toContain(`0:${come}=1`);
        monitor.unmonitorAll();
        expect(driver.secondStage.changed()).toEqual([]);
        expectNoViolations(scene);
      });

      test("a table that could not be released is released through the new memory", async () => {
        const scene = await createScene(createMonitor);
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        const key = stageKey(0, space.tableGfn(VA, 2));
        driver.secondStage.failingReleases.add(key);
        monitor.unmonitorAll();
        driver.secondStage.failingReleases.clear();
        const next = laterMemory(scene, ["protection"]);
        driver.beginCall();
        monitor.processSnapshot(next.memory);

        expect(next.protectionCalls()).toEqual([`${key}=7`]);
        expect(driver.log).toEqual([]);
        expectNoViolations(scene);
      });
    });
  });
});
