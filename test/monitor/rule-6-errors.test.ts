/** Rule 6: a call that throws leaves the monitor as it was, and can be made again. */

import { describe, expect, test } from "vitest";
import { entryAt, indexOf, PAGE_FLAGS, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { GuestDriver } from "../support/driver.js";
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
  THIRD_PA,
  thrownBy,
  VA,
  visibleState,
} from "../support/scene.js";
import { InjectedFailure, stageKey } from "../support/second-stage.js";

const FAILURE = new InjectedFailure("the disk is on fire");

/** Makes `body` fail at the n-th call of a kind for n = 1, 2, … until it succeeds; checks that each failure changed nothing. */
function failAtEach(
  scene: Scene,
  kind: "read" | "query" | "protect",
  body: () => unknown,
  driver: GuestDriver = scene.driver,
): { result: unknown; failures: number } {
  const before = visibleState(scene);
  for (let n = 1; ; n++) {
    driver.failAt(kind, n, FAILURE);
    let result: unknown;
    try {
      result = body();
    } catch (error) {
      expect(error).toBe(FAILURE);
      expect(visibleState(scene)).toEqual(before);
      continue;
    }
    driver.stopFailing();
    return { result, failures: n - 1 };
  }
}

/** The same guest a little later: VA has another PT, and is elsewhere. */
function laterMemory(scene: Scene): GuestDriver {
  const { space } = scene;
  const guest = scene.guest.clone();
  const pt = guest.allocate(0x5_0000);
  guest.write(space.entryPa(VA, 2), paOf(pt) | TABLE_FLAGS);
  guest.write(entryAt(pt, indexOf(VA, 1)), THIRD_PA | PAGE_FLAGS);
  return new GuestDriver(guest, { secondStage: scene.driver.secondStage });
}

describe("rule 6, errors lose nothing", () => {
  forEachMonitor((createMonitor) => {
    test.each(["read", "query", "protect"] as const)("a monitor whose n-th %s fails leaves nothing behind, for every n", async (kind) => {
      const scene = await createScene(createMonitor);
      const { space, monitor, at } = scene;
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      monitor.monitor(at(COUSIN), 0, "tag");

      const { result, failures } = failAtEach(scene, kind, () => monitor.monitor(at(STRANGER), 1, "tag"));
      expect(failures).toBeGreaterThan(0);
      expect(result).toMatchObject({ fault: "not-present" });
      const second = failAtEach(scene, kind, () => monitor.monitor(at(VA), 1, "tag"));
      expect(second.failures).toBeGreaterThan(0);
      expect(second.result).toMatchObject({ pa: PA });
      expectNoViolations(scene);
    });

    test.each(["read", "query", "protect"] as const)("a batch whose n-th %s fails monitors none of its addresses", async (kind) => {
      const scene = await createScene(createMonitor);
      const { space, monitor, at } = scene;
      for (const va of [VA, COUSIN, STRANGER]) {
        space.map(va, PA);
      }
      monitor.monitor(at(VA), 0, "first");
      const vas = new BigUint64Array([VA, COUSIN, STRANGER, VA]);

      const { result, failures } = failAtEach(scene, kind, () => monitor.monitorMany(space.root, vas, 0, "tag"));
      expect(failures).toBeGreaterThan(0);
      expect(result).toEqual(new BigUint64Array([PA, PA, PA, PA]));
      expect(monitor.lookup(at(VA), 0)).toMatchObject({ references: 3, tag: "first" });
      expectNoViolations(scene);
    });

    test.each(["read", "query", "protect"] as const)("a processing whose n-th %s fails keeps its marks and its events", async (kind) => {
      const scene = await createScene(createMonitor);
      const { space, monitor, at, trappedWrite } = scene;
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      space.map(STRANGER, THIRD_PA);
      for (const va of [VA, COUSIN, STRANGER]) {
        monitor.monitor(at(va), 0, "tag");
      }
      trappedWrite(STRANGER, 1, 0n);
      trappedWrite(VA, 3, 0n);
      space.map(VA, THIRD_PA);

      const { result, failures } = failAtEach(scene, kind, () => monitor.processDirtyEntries(0));
      expect(failures).toBeGreaterThan(0);
      expect(result).toEqual([
        pageOut(at(VA), { pa: PA }),
        pageIn(at(VA), { pa: THIRD_PA }),
        pageOut(at(COUSIN), { pa: OTHER_PA, fault: "not-present" }),
        pageOut(at(STRANGER), { pa: THIRD_PA, fault: "not-present" }),
      ]);
      expectNoViolations(scene);
    });

    test.each(["read", "query", "protect"] as const)(
      "a snapshot whose n-th %s fails changes nothing and can be made again",
      async (kind) => {
        const scene = await createScene(createMonitor);
        const { space, monitor, at } = scene;
        space.map(VA, PA);
        space.map(COUSIN, OTHER_PA);
        monitor.monitor(at(VA), 0, "tag");
        monitor.monitor(at(COUSIN), 0, "tag");
        const next = laterMemory(scene);

        const { result, failures } = failAtEach(scene, kind, () => monitor.processSnapshot(next.memory), next);
        expect(failures).toBeGreaterThan(0);
        expect(result).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: THIRD_PA })]);
        expect(next.violations).toEqual([]);
        expectNoViolations(scene);
      },
    );

    test("after a snapshot that failed the guest memory is still the one before, with every mark", async () => {
      const scene = await createScene(createMonitor);
      const { space, monitor, at } = scene;
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(COUSIN), 0, "tag");
      monitor.markDirtyEntry(space.entryPa(COUSIN, 1), 0, 7);
      const next = laterMemory(scene);
      next.failAt("read", 1, FAILURE);
      expect(thrownBy(() => monitor.processSnapshot(next.memory))).toBe(FAILURE);
      space.setEntry(COUSIN, 1, 0n);

      expect(monitor.processDirtyEntries(7)).toEqual([pageOut(at(COUSIN), { pa: OTHER_PA, fault: "not-present" })]);
      expect(monitor.monitor(at(STRANGER), 0, "tag").fault).toBe("not-present");
    });

    test("what a driver throws comes out unchanged, whatever it is", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      for (const thrown of [new TypeError("a bug"), "a word", null, { code: 5 }]) {
        driver.failAt("read", 2, thrown);
        let caught: unknown = FAILURE;
        try {
          monitor.monitor(at(VA), 0, "tag");
        } catch (error) {
          caught = error;
        }
        expect(caught).toBe(thrown);
      }
    });

    test("a processing that failed can be made again much later, with what memory holds then", async () => {
      const { space, driver, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const pte = trappedWrite(VA, 1, 0n);
      driver.failingReads.add(Number(pte >> 12n));
      expect(thrownBy(() => monitor.processDirtyEntries(0))).toBeInstanceOf(InjectedFailure);
      expect(thrownBy(() => monitor.processDirtyColumns(0))).toBeInstanceOf(InjectedFailure);
      driver.failingReads.clear();
      space.map(VA, OTHER_PA);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
    });

    test("one table that fails to be read loses nothing of the others that were marked with it", async () => {
      const { space, driver, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(COUSIN), 0, "tag");
      trappedWrite(VA, 1, 0n);
      trappedWrite(COUSIN, 1, 0n);
      driver.failingReads.add(space.tableGfn(COUSIN, 1));
      expect(thrownBy(() => monitor.processDirtyEntries(0))).toBeInstanceOf(InjectedFailure);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
      driver.failingReads.clear();

      expect(monitor.processDirtyEntries(0)).toHaveLength(2);
    });

    test("a table that cannot be read now but is on no path that is walked does not matter", async () => {
      const { space, driver, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(COUSIN), 0, "tag");
      for (const level of [4, 3, 2, 1]) {
        driver.failingReads.add(space.tableGfn(COUSIN, level));
      }
      driver.failingReads.delete(space.tableGfn(VA, 1));
      trappedWrite(VA, 1, 0n);

      expect(monitor.processDirtyEntries(0)).toHaveLength(1);
      expect(monitor.monitor(at(VA + 9n), 0, "tag").fault).toBe("not-present");
    });

    test("a failing translate changes nothing", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(SIBLING), 0, "tag");
      const before = visibleState(scene);
      driver.failingReads.add(space.rootGfn);

      expect(thrownBy(() => monitor.translate(at(VA)))).toBeInstanceOf(InjectedFailure);
      expect(thrownBy(() => monitor.translateMany(space.root, new BigUint64Array([VA])))).toBeInstanceOf(InjectedFailure);
      expect(visibleState(scene)).toEqual(before);
    });

    test("a failing monitor whose protection cannot be taken back leaves the table counted as protected", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      const pml4 = stageKey(0, space.rootGfn);
      driver.secondStage.failingReleases.add(pml4);
      driver.failingReads.add(space.tableGfn(VA, 1));

      expect(thrownBy(() => monitor.monitor(at(VA), 0, "tag"))).toBeInstanceOf(InjectedFailure);
      expect(driver.secondStage.changed()).toEqual([`${pml4}=1`]);
      expect(monitor.monitoredTables).toBe(0);
      driver.secondStage.failingReleases.clear();
      monitor.unmonitorAll();
      expect(driver.secondStage.changed()).toEqual([]);
      expectNoViolations(scene);
    });
  });
});
