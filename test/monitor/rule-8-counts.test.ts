/** Rule 8: what is counted, and that it is counted once. */

import { describe, expect, test } from "vitest";
import { entryAt, indexOf, PAGE_2M, paOf, TABLE_FLAGS, vaFrom } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { COUSIN, createScene, OTHER_PA, PA, SIBLING, STRANGER, VA } from "../support/scene.js";
import type { Monitor } from "../support/subject.js";

function counts(monitor: Monitor): readonly number[] {
  return [monitor.monitoredTables, monitor.monitoredEntries, monitor.monitoredAddresses, monitor.pagedInEntries];
}

describe("rule 8, counts", () => {
  forEachMonitor((createMonitor) => {
    test("a monitor that watches nothing counts nothing", async () => {
      const { monitor } = await createScene(createMonitor);

      expect(counts(monitor)).toEqual([0, 0, 0, 0]);
    });

    test("tables and entries that paths share are counted once", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      for (const va of [VA, SIBLING, COUSIN, STRANGER]) {
        space.map(va, PA);
      }
      const seen = [VA, SIBLING, COUSIN, STRANGER].map((va) => {
        monitor.monitor(at(va), 0, "tag");
        return counts(monitor);
      });

      expect(seen).toEqual([
        [4, 4, 1, 1],
        [4, 5, 2, 2],
        [5, 7, 3, 3],
        [8, 11, 4, 4],
      ]);
    });

    test("views are counted apart", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 1, "tag");

      expect(counts(monitor)).toEqual([8, 8, 2, 2]);
    });

    test("references are not counted", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 0, "tag");

      expect(counts(monitor)).toEqual([4, 4, 1, 1]);
    });

    test("addresses that are not backed count as addresses, with the entries that they have", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      guest.hide(space.tableGfn(VA, 1));
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(STRANGER), 0, "tag");

      expect(counts(monitor)).toEqual([3, 4, 2, 0]);
    });

    test("an entry met at several levels of one path is one entry in one table", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      const self = 0x1ed;
      space.guest.write(entryAt(space.rootGfn, self), paOf(space.rootGfn) | TABLE_FLAGS);
      const va = vaFrom([self, self, self, self]);

      expect(monitor.monitor(at(va), 0, "tag").entries).toHaveLength(4);
      expect(counts(monitor)).toEqual([1, 1, 1, 1]);
      monitor.unmonitor(at(va), 0);
      expect(counts(monitor)).toEqual([0, 0, 0, 0]);
    });

    test("the counts follow a subtree that goes and comes", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      space.map(SIBLING, OTHER_PA);
      space.map(COUSIN, OTHER_PA);
      for (const va of [VA, SIBLING, COUSIN]) {
        monitor.monitor(at(va), 0, "tag");
      }
      const pdpte = guest.read(space.entryPa(VA, 3));
      trappedWrite(VA, 3, 0n);
      monitor.processDirtyEntries(0);
      expect(counts(monitor)).toEqual([2, 2, 3, 0]);
      trappedWrite(VA, 3, pdpte);
      monitor.processDirtyEntries(0);
      expect(counts(monitor)).toEqual([5, 7, 3, 3]);
    });

    test("a large page ends the path that is counted", async () => {
      const { space, monitor, at } = await createScene(createMonitor);
      space.map(VA, 0x4000_0000n, { pageSize: PAGE_2M });
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(SIBLING), 0, "tag");

      expect(counts(monitor)).toEqual([3, 3, 2, 2]);
    });

    test("two roots that share their lower tables share their entries", async () => {
      const { guest, space, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      const other = guest.allocate();
      guest.write(entryAt(other, indexOf(VA, 4)), guest.read(space.entryPa(VA, 4)));
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor({ va: VA, root: paOf(other) }, 0, "tag");
      expect(counts(monitor)).toEqual([5, 5, 2, 2]);
      monitor.unmonitor(at(VA), 0);

      expect(counts(monitor)).toEqual([4, 4, 1, 1]);
    });
  });
});
