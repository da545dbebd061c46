/** Rule 1: what `monitor`, `unmonitor` and their kin read, commit, count and say. */

import { describe, expect, test } from "vitest";
import { entryAt, indexOf, LARGE_PAT, P, PAGE_1G, PAGE_2M, PAGE_4K, PAGE_FLAGS, PS, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { AddressSpace } from "../support/guest.js";
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

describe("rule 1, monitoring", () => {
  forEachMonitor((createMonitor) => {
    test("monitor answers the whole path, top first, with the value and the place of each entry", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);

      const translation = monitor.monitor(at(VA + 0x123n), 0, "tag");

      expect(translation).toEqual({
        va: VA + 0x123n,
        root: space.root,
        pa: PA + 0x123n,
        pageSize: PAGE_4K,
        fault: undefined,
        entries: [4, 3, 2, 1].map((level) => ({
          level,
          name: { 4: "PML4E", 3: "PDPTE", 2: "PDE", 1: "PTE" }[level],
          pa: space.entryPa(VA, level),
          value: guest.read(space.entryPa(VA, level)),
        })),
      });
    });

    test("what a driver makes of the context meanwhile is not what is monitored", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const context = { ...at(VA) };
      driver.onCall = () => {
        context.va = COUSIN;
      };

      expect(monitor.monitor(context, 0, "tag")).toMatchObject({ va: VA, pa: PA });
      driver.onCall = undefined;
      expect(monitor.lookup(at(VA), 0)).toMatchObject({ pa: PA });
      expect(monitor.lookup(at(COUSIN), 0)).toBeUndefined();
    });

    test("a five-level path starts with a PML5E", async () => {
      const { space, monitor, at } = await createScene(createMonitor, { mode: { levels: 5 } });
      const va = 0x00ab_cdef_1234_5000n;
      space.map(va, PA);

      const translation = monitor.monitor(at(va), 0, "tag");

      expect(translation.entries.map((entry) => `${entry.level} ${entry.name}`)).toEqual([
        "5 PML5E",
        "4 PML4E",
        "3 PDPTE",
        "2 PDE",
        "1 PTE",
      ]);
      expect(translation.pa).toBe(PA);
    });

    test.each([
      ["2M", PAGE_2M, 2],
      ["1G", PAGE_1G, 3],
    ])("a path that ends in a page of %s has its size and the offset in it", async (_name, pageSize, level) => {
      const { space, monitor, at } = await createScene(createMonitor);
      const base = 3n * BigInt(PAGE_1G);
      space.map(VA, base, { pageSize });

      const translation = monitor.monitor(at(VA + 5n), 0, "tag");

      expect(translation.entries.at(-1)?.level).toBe(level);
      expect(translation.pageSize).toBe(pageSize);
      expect(translation.pa).toBe(base + ((VA + 5n) % BigInt(pageSize)));
    });

    test("an address in the upper half is walked by its low bits and comes back as it was given", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(STRANGER, PA);

      expect(monitor.monitor(at(STRANGER), 0, "tag").va).toBe(0xffff_9600_0000_0000n | (STRANGER & 0xff_ffff_ffffn));
      expect(monitor.lookup(at(STRANGER), 0)?.pa).toBe(PA);
    });

    test("an address that is not backed is monitored all the same", async () => {
      const { space, monitor, at } = await createScene(createMonitor);

      const translation = monitor.monitor(at(VA), 0, "tag");

      expect(translation).toMatchObject({ pa: undefined, pageSize: undefined, fault: "not-present" });
      expect(translation.entries).toEqual([{ level: 4, name: "PML4E", pa: space.entryPa(VA, 4), value: 0n }]);
      expect(monitor.lookup(at(VA), 0)).toEqual({ tag: "tag", pa: undefined, pageSize: undefined, references: 1 });
      expect(monitor.monitoredAddresses).toBe(1);
      expect(monitor.pagedInEntries).toBe(0);
    });

    test("two spellings of a root are one address space, and what comes back carries the cleared one", async () => {
      const { space, monitor } = await createScene(createMonitor);
      space.map(VA, PA);
      const spelled = space.root | 0x8000_0000_0000_0fffn;

      expect(monitor.monitor({ va: VA, root: spelled }, 0, "tag").root).toBe(space.root);
      expect(monitor.monitor({ va: VA, root: space.root | 0x18n }, 0, "other").root).toBe(space.root);

      expect(monitor.monitoredAddresses).toBe(1);
      expect(monitor.lookup({ va: VA, root: space.root }, 0)).toMatchObject({ references: 2, tag: "tag" });
      expect(monitor.translate({ va: VA, root: spelled }).root).toBe(space.root);
      monitor.unmonitor({ va: VA, root: spelled }, 0);
      monitor.unmonitor({ va: VA, root: space.root | 7n }, 0);
      expect(monitor.monitoredAddresses).toBe(0);
    });

    test("root bits up to 51 are address bits, also where MAXPHYADDR is smaller", async () => {
      const { guest, monitor } = await createScene(createMonitor, { mode: { physicalAddressBits: 36 } });
      const space = new AddressSpace(guest, 4, guest.allocate(0x80_0000_0000));
      space.map(VA, PA);

      expect(monitor.monitor({ va: VA, root: space.root }, 0, "tag").pa).toBe(PA);
      expect(monitor.monitor({ va: VA, root: space.root & 0xf_ffff_ffffn }, 0, "tag").fault).toBe("unreadable-table");
    });

    test("the same address again is one reference more: nothing is read and the first tag stays", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "first");
      space.setEntry(VA, 1, 0n);
      driver.beginCall();

      const again = monitor.monitor(at(VA), 0, "second");

      expect(driver.log).toEqual([]);
      expect(again.pa).toBe(PA);
      expect(monitor.lookup(at(VA), 0)).toEqual({ tag: "first", pa: PA, pageSize: PAGE_4K, references: 2 });
      expect(monitor.monitoredAddresses).toBe(1);
      expectNoViolations(scene);
    });

    test("the same address in two views is monitored twice, each with its own tag", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "zero");
      monitor.monitor(at(VA), 65535, "last");

      expect(monitor.lookup(at(VA), 0)?.tag).toBe("zero");
      expect(monitor.lookup(at(VA), 65535)?.tag).toBe("last");
      expect(monitor.lookup(at(VA), 1)).toBeUndefined();
      expect(monitor.monitoredAddresses).toBe(2);
      expect(monitor.monitoredEntries).toBe(8);
    });

    test("addresses of one page are separate addresses on the same entries", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "start");
      monitor.monitor(at(VA + 0xfffn), 0, "end");

      expect(monitor.monitoredAddresses).toBe(2);
      expect(monitor.pagedInEntries).toBe(2);
      expect(monitor.monitoredEntries).toBe(4);
      expect(monitor.lookup(at(VA + 0xfffn), 0)?.pa).toBe(PA + 0xfffn);
      expect(monitor.lookup(at(VA + 1n), 0)).toBeUndefined();
    });

    test("an entry already monitored keeps its committed value where memory has moved on", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      const committed = monitor.monitor(at(VA), 0, "tag").entries;
      space.setEntry(VA, 3, 0n);

      const sibling = monitor.monitor(at(SIBLING), 0, "tag");

      expect(sibling.entries.slice(0, 3)).toEqual(committed.slice(0, 3));
      expect(sibling.pa).toBe(OTHER_PA);
    });

    test("the write still pending on a shared entry is told by the vCPU that marked it, for both addresses", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 2, 0n);
      monitor.monitor(at(SIBLING), 0, "tag");

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA, fault: "not-present" }),
        pageOut(at(SIBLING), { pa: OTHER_PA, fault: "not-present" }),
      ]);
    });

    test("an entry monitored in one view is read anew for another view", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      space.map(VA, OTHER_PA);

      expect(monitor.monitor(at(VA), 1, "tag").pa).toBe(OTHER_PA);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
    });

    test("an entry monitored through one root keeps its value for another root that reaches it", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const other = guest.allocate();
      guest.write(entryAt(other, indexOf(STRANGER, 4)), guest.read(space.entryPa(VA, 4)));
      const alias = { va: (STRANGER & ~((1n << 39n) - 1n)) | (VA & ((1n << 39n) - 1n)), root: BigInt(other) << 12n };
      monitor.monitor(at(VA), 0, "tag");
      space.setEntry(VA, 1, 0n);

      expect(monitor.monitor(alias, 0, "tag").pa).toBe(PA);
      expect(monitor.monitoredEntries).toBe(5);
    });

    test("an entry dropped and taken up again has its value in memory", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.unmonitor(at(VA), 0);
      space.map(VA, OTHER_PA);

      expect(monitor.monitor(at(VA), 0, "again").pa).toBe(OTHER_PA);
      expect(monitor.lookup(at(VA), 0)?.tag).toBe("again");
    });

    test("unmonitor gives back one reference, and the last one ends it", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 0, "tag");

      monitor.unmonitor(at(VA), 0);
      expect(monitor.lookup(at(VA), 0)?.references).toBe(2);
      monitor.unmonitor(at(VA), 0);
      expect(monitor.lookup(at(VA), 0)?.references).toBe(1);
      expect(monitor.monitoredTables).toBe(4);
      monitor.unmonitor(at(VA), 0);

      expect(monitor.lookup(at(VA), 0)).toBeUndefined();
      expect([monitor.monitoredTables, monitor.monitoredEntries, monitor.monitoredAddresses, monitor.pagedInEntries]).toEqual([0, 0, 0, 0]);
      expect(driver.secondStage.changed()).toEqual([]);
      expectNoViolations(scene);
    });

    test("unmonitorByForce gives back all references at once", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 0, "tag");
      monitor.unmonitorByForce(at(VA), 0);

      expect(monitor.lookup(at(VA), 0)).toBeUndefined();
      expect(monitor.monitoredEntries).toBe(0);
    });

    test("unmonitoring an address that is not monitored is no error and changes nothing", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");

      monitor.unmonitor(at(SIBLING), 0);
      monitor.unmonitor(at(VA + 1n), 0);
      monitor.unmonitor(at(VA), 1);
      monitor.unmonitorByForce(at(COUSIN), 0);
      monitor.unmonitorView(7);

      expect(monitor.lookup(at(VA), 0)?.references).toBe(1);
      expect(monitor.monitoredEntries).toBe(4);
    });

    test("unmonitorView ends every address of that view alone", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      space.map(COUSIN, OTHER_PA);
      for (const view of [0, 1]) {
        monitor.monitor(at(VA), view, "tag");
        monitor.monitor(at(VA), view, "tag");
        monitor.monitor(at(COUSIN), view, "tag");
      }
      monitor.unmonitorView(1);

      expect(monitor.monitoredAddresses).toBe(2);
      expect(monitor.lookup(at(VA), 1)).toBeUndefined();
      expect(monitor.lookup(at(VA), 0)?.references).toBe(2);
      expect(driver.secondStage.changed().every((key) => key.startsWith("0:"))).toBe(true);
      expectNoViolations(scene);
    });

    test("unmonitorAll ends every address of every view and gives back all protection", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      space.map(STRANGER, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(STRANGER), 3, "tag");
      monitor.unmonitorAll();

      expect([monitor.monitoredTables, monitor.monitoredEntries, monitor.monitoredAddresses, monitor.pagedInEntries]).toEqual([0, 0, 0, 0]);
      expect(driver.secondStage.changed()).toEqual([]);
      expect(monitor.lookup(at(VA), 0)).toBeUndefined();
      expectNoViolations(scene);
    });

    test("ending one address leaves the entries that others share", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(SIBLING), 0, "tag");
      expect(monitor.monitoredEntries).toBe(5);

      monitor.unmonitor(at(VA), 0);

      expect(monitor.monitoredEntries).toBe(4);
      expect(monitor.monitoredTables).toBe(4);
      expect(monitor.lookup(at(SIBLING), 0)?.pa).toBe(OTHER_PA);
    });

    test("monitoring an address below a table that has come back changes nothing for the one that ended before it", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      const pt = space.tableGfn(VA, 1);
      guest.hide(pt);
      expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("unreadable-table");
      guest.show(pt);

      expect(monitor.monitor(at(SIBLING), 0, "tag").pa).toBe(OTHER_PA);
      expect(monitor.monitor(at(VA + 8n), 0, "tag").pa).toBe(PA + 8n);

      expect(monitor.lookup(at(VA), 0)).toMatchObject({ pa: undefined, pageSize: undefined });
      expect(monitor.monitor(at(VA), 0, "tag")).toMatchObject({ pa: undefined, fault: "unreadable-table" });
      expect(monitor.pagedInEntries).toBe(2);
    });

    test("a path that ended before a table is said again as it was, also where its next entry is now monitored for another", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      guest.hide(space.tableGfn(VA, 1));
      const ended = monitor.monitor(at(VA), 0, "tag");
      guest.show(space.tableGfn(VA, 1));
      monitor.monitor(at(VA + 1n), 0, "tag");
      const pteIsMonitored = monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);

      expect(pteIsMonitored).toBe(true);
      expect(monitor.monitor(at(VA), 0, "tag")).toEqual(ended);
      space.map(VA, OTHER_PA);
      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA + 1n), { pa: PA + 1n }), pageIn(at(VA + 1n), { pa: OTHER_PA + 1n })]);
      expect(monitor.lookup(at(VA), 0)?.pa).toBeUndefined();
    });

    test("a table used at two levels by two addresses is monitored once", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const pt = space.tableGfn(VA, 1);
      // The PDE after VA's points at the PT as PT too; the PDPTE after VA's uses that PT as a page directory.
      const through = VA + BigInt(PAGE_1G);
      space.guest.write(entryAt(space.tableGfn(VA, 3), indexOf(through, 3)), (BigInt(pt) << 12n) | TABLE_FLAGS);
      guest.write(entryAt(pt, indexOf(through, 2)), 0x4000_0000n | PAGE_FLAGS | PS | LARGE_PAT);
      monitor.monitor(at(VA), 0, "tag");
      expect(monitor.monitor(at(through), 0, "tag").pageSize).toBe(PAGE_2M);

      expect(monitor.monitoredTables).toBe(4);
      expect(monitor.monitoredEntries).toBe(6);
    });

    test("translate reads guest memory as it is now and monitors nothing", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      space.setEntry(VA, 1, THIRD_PA | P);
      space.map(COUSIN, OTHER_PA);
      driver.beginCall();
      driver.protectedReads = "any";

      expect(monitor.translate(at(VA)).pa).toBe(THIRD_PA);
      expect(monitor.translate(at(COUSIN)).pa).toBe(OTHER_PA);
      expect(monitor.lookup(at(VA), 0)?.pa).toBe(PA);
      expect(monitor.lookup(at(COUSIN), 0)).toBeUndefined();
      expect(monitor.monitoredEntries).toBe(4);
      expect(driver.protectionCalls()).toEqual([]);
      expect(monitor.processDirtyEntries(0)).toEqual([]);
    });
  });
});
