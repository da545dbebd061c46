/** Rule 5: what ends a path, and when a table that was unreadable is tried again. */

import { describe, expect, test } from "vitest";
import { LARGE_PAT, P, PAGE_1G, PAGE_2M, PAGE_FLAGS, PS, PTE_PAT, TABLE_FLAGS } from "../support/amd64-bits.js";
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
  SIBLING,
  thrownBy,
  VA,
  visibleState,
} from "../support/scene.js";
import { InjectedFailure, stageKey } from "../support/second-stage.js";

const LARGE_PA = 0x4000_0000n;

describe("rule 5, faults", () => {
  forEachMonitor((createMonitor) => {
    describe("a reserved bit", () => {
      test("PS in a PML4E ends the path there", async () => {
        const { space, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA);
        space.setEntry(VA, 4, LARGE_PA | TABLE_FLAGS | PS);

        expect(monitor.monitor(at(VA), 0, "tag")).toMatchObject({ pa: undefined, pageSize: undefined, fault: "reserved-bit" });
        expect(monitor.monitoredEntries).toBe(1);
      });

      test("PS in a PML5E ends the path there", async () => {
        const { space, monitor, at } = await createScene(createMonitor, { mode: { levels: 5 } });
        space.map(VA, PA);
        space.setEntry(VA, 5, LARGE_PA | TABLE_FLAGS | PS);

        expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("reserved-bit");
        expect(monitor.monitoredEntries).toBe(1);
      });

      test.each([
        [3, 13, 29],
        [2, 13, 20],
      ])("each bit of a large page of level %i from %i to %i is reserved", async (level, first, last) => {
        const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
        const pageSize = level === 3 ? PAGE_1G : PAGE_2M;
        space.map(VA, LARGE_PA, { pageSize });
        const pa = LARGE_PA + (VA % BigInt(pageSize));
        monitor.monitor(at(VA), 0, "tag");
        for (let bit = first; bit <= last; bit++) {
          trappedWrite(VA, level, LARGE_PA | PAGE_FLAGS | PS | (1n << BigInt(bit)));
          expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa, pageSize, fault: "reserved-bit" })]);
          trappedWrite(VA, level, LARGE_PA | PAGE_FLAGS | PS);
          expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa, pageSize })]);
        }
      });

      test.each([4, 3, 2, 1])("a bit past MAXPHYADDR in an entry of level %i ends the path there", async (level) => {
        const { guest, space, monitor, at } = await createScene(createMonitor, { mode: { physicalAddressBits: 40 } });
        space.map(VA, PA);
        const entryPa = space.entryPa(VA, level);
        guest.write(entryPa, guest.read(entryPa) | (1n << 40n));

        const { entries, fault } = monitor.monitor(at(VA), 0, "tag");
        expect(fault).toBe("reserved-bit");
        expect(entries).toHaveLength(5 - level);
      });

      test("bit 51 is an address bit where MAXPHYADDR is 52, and reserved where it is 51", async () => {
        const wide = await createScene(createMonitor);
        const narrow = await createScene(createMonitor, { mode: { physicalAddressBits: 51 } });
        for (const { space } of [wide, narrow]) {
          space.map(VA, PA | (1n << 51n));
        }

        expect(wide.monitor.monitor(wide.at(VA), 0, "tag").pa).toBe(PA | (1n << 51n));
        expect(narrow.monitor.monitor(narrow.at(VA), 0, "tag").fault).toBe("reserved-bit");
      });

      test("bits 52 to 63 are never reserved nor address", async () => {
        const { guest, space, monitor, at } = await createScene(createMonitor, { mode: { physicalAddressBits: 40 } });
        space.map(VA, PA);
        for (const level of [4, 3, 2, 1]) {
          const entryPa = space.entryPa(VA, level);
          guest.write(entryPa, guest.read(entryPa) | (0xfffn << 52n));
        }

        expect(monitor.monitor({ va: VA, root: space.root }, 0, "tag").pa).toBe(PA);
        expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
      });

      test("an entry that is not present may hold anything", async () => {
        const { space, monitor, at } = await createScene(createMonitor, { mode: { physicalAddressBits: 40 } });
        space.map(VA, PA);
        space.setEntry(VA, 2, 0xffff_ffff_ffff_ffffn & ~P);

        expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("not-present");
      });
    });

    describe("PAT", () => {
      test.each([
        ["2M", PAGE_2M],
        ["1G", PAGE_1G],
      ])("bit 12 of a page of %s is PAT and neither reserved nor address", async (_name, pageSize) => {
        const { space, monitor, at } = await createScene(createMonitor);
        space.map(VA, LARGE_PA, { pageSize, flags: PAGE_FLAGS | LARGE_PAT });

        expect(monitor.monitor(at(VA), 0, "tag")).toMatchObject({ pa: LARGE_PA + (VA % BigInt(pageSize)), pageSize, fault: undefined });
      });

      test("bit 7 of a PTE is PAT", async () => {
        const { space, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA | 0x1000n, { flags: PAGE_FLAGS | PTE_PAT });

        expect(monitor.monitor(at(VA), 0, "tag")).toMatchObject({ pa: PA | 0x1000n, pageSize: 4096 });
      });

      test("bit 12 set and cleared in a large page gives no event", async () => {
        const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
        space.map(VA, LARGE_PA, { pageSize: PAGE_2M });
        monitor.monitor(at(VA), 0, "tag");
        trappedWrite(VA, 2, LARGE_PA | PAGE_FLAGS | PS | LARGE_PAT);

        expect(monitor.processDirtyEntries(0)).toEqual([]);
        trappedWrite(VA, 2, LARGE_PA | PAGE_FLAGS | PS);
        expect(monitor.processDirtyEntries(0)).toEqual([]);
      });
    });

    test("the encryption bit is cleared before an entry is looked at", async () => {
      const encryptionMask = 1n << 47n;
      const { guest, space, monitor, at } = await createScene(createMonitor, { mode: { physicalAddressBits: 43, encryptionMask } });
      space.map(VA, PA);
      const entries = [4, 3, 2, 1].map((level) => space.entryPa(VA, level));
      for (const entryPa of entries) {
        guest.write(entryPa, guest.read(entryPa) | encryptionMask);
      }

      expect(monitor.monitor(at(VA), 0, "tag")).toMatchObject({ pa: PA, fault: undefined });
      guest.write(entries[3] as bigint, PA | PAGE_FLAGS);
      monitor.markDirtyEntry(entries[3] as bigint, 0, 0);
      expect(monitor.processDirtyEntries(0)).toEqual([]);
    });

    describe("an unreadable table", () => {
      test.each([3, 2, 1])("of level %i ends the path before it, and none of its entries is monitored", async (level) => {
        const scene = await createScene(createMonitor);
        const { guest, space, driver, monitor, at } = scene;
        space.map(VA, PA);
        guest.hide(space.tableGfn(VA, level));

        const { entries, fault, pa } = monitor.monitor(at(VA), 0, "tag");
        expect([pa, fault]).toEqual([undefined, "unreadable-table"]);
        expect(entries.at(-1)?.level).toBe(level + 1);
        expect(monitor.monitoredEntries).toBe(4 - level);
        expect(monitor.monitoredTables).toBe(4 - level);
        expect(monitor.markDirtyEntry(space.entryPa(VA, level), 0, 0)).toBe(false);
        expect(driver.secondStage.changed()).toHaveLength(4 - level);
        expectNoViolations(scene);
      });

      test("at the top leaves an address without a path", async () => {
        const { monitor } = await createScene(createMonitor);
        const ctx = { va: VA, root: 0x9_9999_9000n };

        expect(monitor.monitor(ctx, 0, "tag")).toEqual({
          ...ctx,
          pa: undefined,
          pageSize: undefined,
          entries: [],
          fault: "unreadable-table",
        });
        expect([monitor.monitoredAddresses, monitor.monitoredEntries, monitor.monitoredTables]).toEqual([1, 0, 0]);
        expect(monitor.lookup(ctx, 0)).toEqual({ tag: "tag", pa: undefined, pageSize: undefined, references: 1 });
      });

      test("is never read as what the target happened to hold", async () => {
        const { space, monitor, at } = await createScene(createMonitor, { features: ["protection"] });
        space.map(VA, PA);
        space.map(COUSIN, OTHER_PA);
        monitor.monitor(at(COUSIN), 0, "tag");
        space.guest.hide(space.tableGfn(VA, 1));

        expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("unreadable-table");
        expect(monitor.translate(at(VA)).fault).toBe("unreadable-table");
      });

      test("is tried again when any entry of the path is processed", async () => {
        for (const level of [4, 3, 2]) {
          const { guest, space, monitor, at } = await createScene(createMonitor);
          space.map(VA, PA);
          const pt = space.tableGfn(VA, 1);
          guest.hide(pt);
          monitor.monitor(at(VA), 0, "tag");
          monitor.markDirtyEntry(space.entryPa(VA, level), 0, 0);
          expect(monitor.processDirtyEntries(0)).toEqual([]);
          guest.show(pt);
          expect(monitor.processDirtyEntries(0)).toEqual([]);
          monitor.markDirtyEntry(space.entryPa(VA, level), 0, 0);
          expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa: PA })]);
        }
      });

      test("is not tried again by a mark on its own entries, nor by processing another path", async () => {
        const { guest, space, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA);
        space.map(COUSIN, OTHER_PA);
        guest.hide(space.tableGfn(VA, 1));
        monitor.monitor(at(VA), 0, "tag");
        monitor.monitor(at(COUSIN), 0, "tag");
        guest.show(space.tableGfn(VA, 1));
        monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
        monitor.markDirtyEntry(space.entryPa(COUSIN, 1), 0, 0);
        monitor.markDirtyEntry(space.entryPa(COUSIN, 2), 0, 0);

        expect(monitor.processDirtyEntries(0)).toEqual([]);
        expect(monitor.lookup(at(VA), 0)?.pa).toBeUndefined();
      });

      test("at the top is tried again at processSnapshot alone", async () => {
        const { guest, space, driver, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA);
        guest.hide(space.rootGfn);
        monitor.monitor(at(VA), 0, "tag");
        guest.show(space.rootGfn);
        monitor.markDirtyRange(0n, 2 ** 30, 0, 0);

        expect(monitor.processDirtyEntries(0)).toEqual([]);
        expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("unreadable-table");
        expect(monitor.processSnapshot(driver.memory)).toEqual([pageIn(at(VA), { pa: PA })]);
      });

      test("two addresses below it are tried again each by its own path", async () => {
        const { guest, space, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA);
        space.map(SIBLING, OTHER_PA);
        const other = guest.allocate();
        guest.write((BigInt(other) << 12n) + (space.entryPa(VA, 4) & 0xfffn), guest.read(space.entryPa(VA, 4)));
        const twin = { va: VA, root: BigInt(other) << 12n };
        guest.hide(space.tableGfn(VA, 1));
        monitor.monitor(at(VA), 0, "tag");
        monitor.monitor(twin, 0, "tag");
        guest.show(space.tableGfn(VA, 1));
        monitor.markDirtyEntry(space.entryPa(VA, 4), 0, 0);

        expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa: PA })]);
        expect(monitor.lookup(twin, 0)?.pa).toBeUndefined();
        monitor.markDirtyEntry(space.entryPa(VA, 3), 0, 0);
        expect(monitor.processDirtyEntries(0)).toEqual([pageIn(twin, { pa: PA })]);
      });
    });

    describe("a monitored table that vanishes", () => {
      test("ends the paths of its marked entries, while an unmarked one keeps its committed value", async () => {
        const scene = await createScene(createMonitor);
        const { guest, space, driver, monitor, at } = scene;
        space.map(VA, PA);
        space.map(SIBLING, OTHER_PA);
        monitor.monitor(at(VA), 0, "tag");
        monitor.monitor(at(SIBLING), 0, "tag");
        guest.hide(space.tableGfn(VA, 1));
        monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
        driver.beginCall();

        expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault: "unreadable-table" })]);
        expect(monitor.lookup(at(SIBLING), 0)?.pa).toBe(OTHER_PA);
        expect(monitor.monitoredEntries).toBe(4);
        expect(driver.protectionCalls()).toEqual([]);
        expect(monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0)).toBe(false);
        expectNoViolations(scene);
      });

      test("is left by its last marked entry, and its protection is given back", async () => {
        const scene = await createScene(createMonitor);
        const { guest, space, driver, monitor, at } = scene;
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        const pt = space.tableGfn(VA, 1);
        guest.hide(pt);
        monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
        driver.beginCall();

        expect(monitor.processDirtyEntries(0)).toHaveLength(1);
        expect(driver.protectionCalls()).toEqual([`0:${pt}=7`]);
        expect(monitor.monitoredTables).toBe(3);
        expectNoViolations(scene);
      });

      test("at the top ends the path before its first entry", async () => {
        const { guest, space, driver, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        guest.hide(space.rootGfn);
        monitor.markDirtyEntry(space.entryPa(VA, 4), 0, 0);

        expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault: "unreadable-table" })]);
        expect([monitor.monitoredEntries, monitor.monitoredAddresses]).toEqual([0, 1]);
        expect(driver.secondStage.changed()).toEqual([]);
        guest.show(space.rootGfn);
        expect(monitor.processSnapshot(driver.memory)).toEqual([pageIn(at(VA), { pa: PA })]);
      });

      test("and comes back is found again through the entry above", async () => {
        const { guest, space, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        const pt = space.tableGfn(VA, 1);
        guest.hide(pt);
        monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
        monitor.processDirtyEntries(0);
        guest.show(pt);
        space.map(VA, OTHER_PA);
        monitor.markDirtyEntry(space.entryPa(VA, 2), 0, 0);

        expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa: OTHER_PA })]);
      });

      test("does not give new addresses its unmonitored entries, but the committed ones", async () => {
        const { guest, space, monitor, at } = await createScene(createMonitor);
        space.map(VA, PA);
        space.map(SIBLING, OTHER_PA);
        monitor.monitor(at(VA), 0, "tag");
        guest.hide(space.tableGfn(VA, 1));

        expect(monitor.monitor(at(VA + 4n), 0, "tag").pa).toBe(PA + 4n);
        expect(monitor.monitor(at(SIBLING), 0, "tag").fault).toBe("unreadable-table");
        expect(monitor.monitoredEntries).toBe(4);
      });

      test("ends a path that is led to a marked entry of it in the same call", async () => {
        const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
        space.map(VA, PA);
        const other = VA + BigInt(PAGE_2M);
        space.map(other, OTHER_PA);
        monitor.monitor(at(VA), 0, "tag");
        monitor.monitor(at(other), 0, "tag");
        guest.hide(space.tableGfn(VA, 1));
        monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
        trappedWrite(other, 2, guest.read(space.entryPa(VA, 2)));

        expect(monitor.processDirtyEntries(0)).toEqual([
          pageOut(at(VA), { pa: PA, fault: "unreadable-table" }),
          pageOut(at(other), { pa: OTHER_PA, fault: "unreadable-table" }),
        ]);
      });
    });

    describe("a table that can be neither protected nor read", () => {
      test.each(["failingQueries", "failingProtects"] as const)(
        "is unreadable, and the protection's error is dropped: %s",
        async (kind) => {
          const scene = await createScene(createMonitor);
          const { guest, space, driver, monitor, at } = scene;
          space.map(VA, PA);
          const pt = space.tableGfn(VA, 1);
          guest.hide(pt);
          driver.secondStage[kind].add(stageKey(0, pt));

          expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("unreadable-table");
          expect(driver.secondStage.changed()).toHaveLength(3);
          expectNoViolations(scene);
        },
      );

      test("differs from one that can be read and not protected: there the error comes out", async () => {
        const scene = await createScene(createMonitor);
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        const before = visibleState(scene);
        driver.secondStage.failingProtects.add(stageKey(0, space.tableGfn(VA, 1)));

        expect(thrownBy(() => monitor.monitor(at(VA), 0, "tag"))).toBeInstanceOf(InjectedFailure);
        expect(visibleState(scene)).toEqual(before);
        driver.secondStage.failingProtects.clear();
        expect(monitor.monitor(at(VA), 0, "tag").pa).toBe(PA);
        expectNoViolations(scene);
      });
    });

    test("protection set on what proves unreadable is taken back", async () => {
      const scene = await createScene(createMonitor);
      const { guest, space, driver, monitor, at } = scene;
      space.map(VA, PA);
      const pt = space.tableGfn(VA, 1);
      guest.hide(pt);
      driver.beginCall();
      monitor.monitor(at(VA), 0, "tag");

      expect(driver.protectionCalls().filter((call) => call.startsWith(`0:${pt}=`))).toEqual([`0:${pt}=1`, `0:${pt}=7`]);
      expect(driver.secondStage.held.has(stageKey(0, pt))).toBe(false);
      expectNoViolations(scene);
    });

    test("each fault has a page-out of its own name", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor, { features: [] });
      const driver = new GuestDriver(guest);
      space.map(VA, PA);
      const pte = PA | PAGE_FLAGS;
      const pde = guest.read(space.entryPa(VA, 2));
      monitor.monitor(at(VA), 0, "tag");
      for (const [value, fault] of [
        [0n, "not-present"],
        [P | PS | 0x2000n, "reserved-bit"],
        [0x3_3333_3000n | TABLE_FLAGS, "unreadable-table"],
      ] as const) {
        trappedWrite(VA, 2, value);
        expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault })]);
        trappedWrite(VA, 2, pde);
        expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa: PA })]);
      }
      expect(guest.read(space.entryPa(VA, 1))).toBe(pte);
      expect(monitor.processSnapshot(driver.memory)).toEqual([]);
    });
  });
});
