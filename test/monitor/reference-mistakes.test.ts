/** What monitors of this kind have got wrong, each come out right. */

import { describe, expect, test } from "vitest";
import { entryAt, indexOf, LARGE_PAT, PAGE_2M, PAGE_FLAGS, PS, paOf, TABLE_FLAGS, vaFrom } from "../support/amd64-bits.js";
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
  THIRD_PA,
  thrownBy,
  VA,
} from "../support/scene.js";
import { InjectedFailure } from "../support/second-stage.js";

const LARGE_PA = 0x4000_0000n;

describe("mistakes that are easily made", () => {
  forEachMonitor((createMonitor) => {
    test("an address added through an entry with a pending write does not swallow that write's event", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 1, OTHER_PA | PAGE_FLAGS);
      expect(monitor.monitor(at(VA + 0x800n), 0, "tag").pa).toBe(PA + 0x800n);

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA }),
        pageIn(at(VA), { pa: OTHER_PA }),
        pageOut(at(VA + 0x800n), { pa: PA + 0x800n }),
        pageIn(at(VA + 0x800n), { pa: OTHER_PA + 0x800n }),
      ]);
    });

    test("a subtree walk that joins a table with a pending entry gives no event twice", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      const joined = vaFrom([1, 2, 4, indexOf(VA, 1)]);
      space.map(COUSIN, THIRD_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(joined), 0, "tag");
      trappedWrite(VA, 1, OTHER_PA | PAGE_FLAGS);
      trappedWrite(joined, 2, guest.read(space.entryPa(VA, 2)));

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA }),
        pageIn(at(VA), { pa: OTHER_PA }),
        pageIn(at(joined), { pa: OTHER_PA }),
      ]);
      expect(monitor.processDirtyEntries(0)).toEqual([]);
    });

    test("one unreadable entry among several marked loses nothing", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      space.map(SIBLING, THIRD_PA);
      for (const va of [VA, COUSIN, SIBLING]) {
        monitor.monitor(at(va), 0, "tag");
      }
      trappedWrite(VA, 1, 0n);
      trappedWrite(COUSIN, 1, 0n);
      trappedWrite(SIBLING, 1, 0n);
      guest.hide(space.tableGfn(COUSIN, 1));

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA, fault: "not-present" }),
        pageOut(at(SIBLING), { pa: THIRD_PA, fault: "not-present" }),
        pageOut(at(COUSIN), { pa: OTHER_PA, fault: "unreadable-table" }),
      ]);
    });

    test("a failing monitor leaves nothing protected", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      driver.failingReads.add(space.tableGfn(VA, 1));

      expect(thrownBy(() => monitor.monitor(at(VA), 0, "tag"))).toBeInstanceOf(InjectedFailure);
      expect(driver.secondStage.changed()).toEqual([]);
      expect(monitor.lookup(at(VA), 0)).toBeUndefined();
      expect(monitor.monitoredTables).toBe(0);
      expectNoViolations(scene);
    });

    test("PAT is not address", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, LARGE_PA, { pageSize: PAGE_2M, flags: PAGE_FLAGS | LARGE_PAT });

      expect(monitor.monitor(at(VA), 0, "tag").pa).toBe(LARGE_PA + (VA % BigInt(PAGE_2M)));
      expect(monitor.translate(at(VA)).pa).toBe(LARGE_PA + (VA % BigInt(PAGE_2M)));
    });

    test("PS in a PML4E is not a leaf", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 4, space.guest.read(space.entryPa(VA, 4)) | PS);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault: "reserved-bit" })]);
    });

    test("an entry met at two levels by one address is right at both", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      const self = 0x1ed;
      const selfPa = entryAt(space.rootGfn, self);
      guest.write(selfPa, paOf(space.rootGfn) | TABLE_FLAGS);
      space.map(VA, PA);
      // Through the self-map once: the PML4 is PML4, then PDPT; the PML4E of VA is read as a PDPTE, and so on down.
      const pteSeen = vaFrom([self, indexOf(VA, 4), indexOf(VA, 3), indexOf(VA, 2)], indexOf(VA, 1) * 8);
      // Three times: the leaf of this address is the self-map entry's own neighbour in the PML4.
      const pml4eSeen = vaFrom([self, self, self, self], indexOf(VA, 4) * 8);
      expect(monitor.monitor(at(pteSeen), 0, "pte").pa).toBe(space.entryPa(VA, 1));
      expect(monitor.monitor(at(pml4eSeen), 0, "pml4e")).toMatchObject({ pa: space.entryPa(VA, 4), pageSize: 4096 });
      expect(monitor.monitor(at(pml4eSeen), 0, "pml4e").entries.map(({ pa, level }) => [pa, level])).toEqual([
        [selfPa, 4],
        [selfPa, 3],
        [selfPa, 2],
        [selfPa, 1],
      ]);

      // With bit 12 of a large page, a PDE that is a leaf at level 2 and PAT at level 1.
      guest.write(selfPa, (paOf(space.rootGfn) | TABLE_FLAGS) & ~1n);
      monitor.markDirtyEntry(selfPa, 0, 0);
      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(pteSeen), { pa: space.entryPa(VA, 1), tag: "pte", fault: "not-present" }),
        pageOut(at(pml4eSeen), { pa: space.entryPa(VA, 4), tag: "pml4e", fault: "not-present" }),
      ]);
    });

    test("an entry that is a large page at one level and a PTE at another is right at both, in one address each", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, LARGE_PA, { pageSize: PAGE_2M, flags: PAGE_FLAGS | LARGE_PAT });
      const pd = space.tableGfn(VA, 2);
      // The PDE at index 9 points back to the page directory as if it were a PT.
      guest.write(entryAt(pd, 9), paOf(pd) | TABLE_FLAGS);
      const asPte = vaFrom([indexOf(VA, 4), indexOf(VA, 3), 9, indexOf(VA, 2)]);

      expect(monitor.monitor(at(VA), 0, "pde")).toMatchObject({ pa: LARGE_PA + (VA % BigInt(PAGE_2M)), pageSize: PAGE_2M });
      expect(monitor.monitor(at(asPte), 0, "pte")).toMatchObject({ pa: LARGE_PA | LARGE_PAT, pageSize: 4096 });
      guest.write(space.entryPa(VA, 2), (LARGE_PA + BigInt(PAGE_2M)) | PAGE_FLAGS | PS);
      monitor.markDirtyEntry(space.entryPa(VA, 2), 0, 0);
      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: LARGE_PA + (VA % BigInt(PAGE_2M)), pageSize: PAGE_2M, tag: "pde" }),
        pageIn(at(VA), { pa: LARGE_PA + BigInt(PAGE_2M) + (VA % BigInt(PAGE_2M)), pageSize: PAGE_2M, tag: "pde" }),
        pageOut(at(asPte), { pa: LARGE_PA | LARGE_PAT, tag: "pte" }),
        pageIn(at(asPte), { pa: LARGE_PA + BigInt(PAGE_2M), tag: "pte" }),
      ]);
    });

    test("an entry that an address meets at two levels ends its path at the first where its table has vanished", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      const self = 3;
      const selfPa = entryAt(space.rootGfn, self);
      guest.write(selfPa, paOf(space.rootGfn) | TABLE_FLAGS);
      const va = vaFrom([self, self, self, self], 5);
      monitor.monitor(at(va), 0, "tag");
      guest.hide(space.rootGfn);
      monitor.markDirtyEntry(selfPa, 0, 0);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(va), { pa: space.root + 5n, fault: "unreadable-table" })]);
      expect(monitor.monitor(at(va), 0, "tag").entries).toEqual([]);
    });

    test("a mark inside an entry counts", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      expect(monitor.markDirtyEntry(space.setEntry(VA, 1, 0n) + 5n, 0, 0)).toBe(true);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault: "not-present" })]);
    });

    test("a mark set before the entry was monitored counts", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      expect(monitor.markDirtyEntry(space.entryPa(VA, 2), 0, 0)).toBe(false);
      monitor.monitor(at(VA), 0, "tag");
      space.setEntry(VA, 2, 0n);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault: "not-present" })]);
    });

    test("a second mark answers true", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");

      expect(monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0)).toBe(true);
      expect(monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0)).toBe(true);
    });

    test("a large page split in place is silent", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, LARGE_PA, { pageSize: PAGE_2M });
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA + 0x3000n), 0, "tag");
      const pt = guest.allocate();
      for (let i = 0; i < 512; i++) {
        guest.write(entryAt(pt, i), (LARGE_PA + BigInt(i) * 4096n) | PAGE_FLAGS);
      }
      trappedWrite(VA, 2, paOf(pt) | TABLE_FLAGS);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.pagedInEntries).toBe(2);
      expect(monitor.monitoredEntries).toBe(5);
    });
  });
});
