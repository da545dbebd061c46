/** Rule 4: which events a call gives, and in which order. */

import { describe, expect, test } from "vitest";
import { A, D, entryAt, indexOf, NX, P, PAGE_1G, PAGE_2M, PAGE_FLAGS, PS, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachMonitor } from "../support/builds.js";
import { createScene, OTHER_PA, PA, pageIn, pageOut, SIBLING, STRANGER, VA } from "../support/scene.js";

const LARGE_PA = 0x4000_0000n;

describe("rule 4, events", () => {
  forEachMonitor((createMonitor) => {
    test("an address that becomes backed is paged in", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(SIBLING, OTHER_PA);
      monitor.monitor(at(VA + 0x10n), 0, "tag");
      trappedWrite(VA, 1, PA | PAGE_FLAGS);

      expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA + 0x10n), { pa: PA + 0x10n })]);
      expect(monitor.pagedInEntries).toBe(1);
      expect(monitor.lookup(at(VA + 0x10n), 0)?.pa).toBe(PA + 0x10n);
    });

    test("an address that is backed by another PA is paged out, then in, and the page-out has no fault", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 1, OTHER_PA | PAGE_FLAGS);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA }), pageIn(at(VA), { pa: OTHER_PA })]);
      expect(monitor.pagedInEntries).toBe(1);
    });

    test.each([
      ["accessed and dirty bits", P | A | D],
      ["read-only, no execution", P | NX],
      ["PAT and the bits that are free", P | (1n << 7n) | (0x7ffn << 52n) | 0xe00n],
    ])("%s alone give no event", async (_name, flags) => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 1, PA | flags);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.monitor(at(VA), 0, "tag").entries.at(-1)?.value).toBe(PA | flags);
    });

    test("an upper entry that points to another table with the same leaves gives no event", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      const copy = guest.allocate();
      guest.write(entryAt(copy, indexOf(VA, 1)), PA | PAGE_FLAGS);
      trappedWrite(VA, 2, paOf(copy) | TABLE_FLAGS);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.markDirtyEntry(entryAt(copy, indexOf(VA, 1)), 0, 0)).toBe(true);
    });

    test("a large page split in place is silent, and the smaller page is what goes later", async () => {
      const { guest, space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, LARGE_PA, { pageSize: PAGE_2M });
      const pa = LARGE_PA + (VA % BigInt(PAGE_2M));
      monitor.monitor(at(VA), 0, "tag");
      const pt = guest.allocate();
      guest.write(entryAt(pt, indexOf(VA, 1)), pa | PAGE_FLAGS);
      trappedWrite(VA, 2, paOf(pt) | TABLE_FLAGS);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.lookup(at(VA), 0)).toMatchObject({ pa, pageSize: 4096 });
      trappedWrite(VA, 1, 0n);
      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa, pageSize: 4096, fault: "not-present" })]);
    });

    test("pages joined to a large one in place are silent, and the large page is what goes later", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      const pa = LARGE_PA + (VA % BigInt(PAGE_2M));
      space.map(VA, pa);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 2, LARGE_PA | PAGE_FLAGS | PS);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.lookup(at(VA), 0)).toMatchObject({ pa, pageSize: PAGE_2M });
      expect(monitor.monitoredEntries).toBe(3);
      trappedWrite(VA, 2, 0n);
      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa, pageSize: PAGE_2M, fault: "not-present" })]);
    });

    test("a page that moves to one of another size goes with its old size and comes with its new one", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA + 1n), 0, "tag");
      trappedWrite(VA, 3, (LARGE_PA * 4n) | PAGE_FLAGS | PS);

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA + 1n), { pa: PA + 1n }),
        pageIn(at(VA + 1n), { pa: LARGE_PA * 4n + ((VA + 1n) % BigInt(PAGE_1G)), pageSize: PAGE_1G }),
      ]);
    });

    test("another fault for an address that was not backed gives no event", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(SIBLING, PA);
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(VA, 2, P | PS | 0x2000n);

      expect(monitor.processDirtyEntries(0)).toEqual([]);
      expect(monitor.monitor(at(VA), 0, "tag").fault).toBe("reserved-bit");
    });

    test("every address has events of its own, also where several share a page", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA + 0xfffn), 0, "end");
      monitor.monitor(at(VA), 0, "start");
      monitor.monitor(at(VA), 0, "again");
      trappedWrite(VA, 1, 0n);

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA, tag: "start", fault: "not-present" }),
        pageOut(at(VA + 0xfffn), { pa: PA + 0xfffn, tag: "end", fault: "not-present" }),
      ]);
    });

    test("events come ascending by view, then root, then VA as an unsigned number, page-out before page-in", async () => {
      const { guest, space, monitor } = await createScene(createMonitor);
      const high = guest.allocate(0xf_ffff);
      const vas = [STRANGER, 0n, VA, SIBLING, 0xffff_ffff_ffff_f000n];
      for (const va of vas) {
        space.map(va, PA);
      }
      for (const index of [0, 1, 300, 511]) {
        guest.write(entryAt(high, index), guest.read(entryAt(space.rootGfn, index)));
      }
      for (const view of [5, 0]) {
        for (const root of [paOf(high), space.root]) {
          for (const va of vas) {
            monitor.monitor({ va, root }, view, "tag");
          }
        }
      }
      for (const va of vas) {
        for (const view of [0, 5]) {
          monitor.markDirtyEntry(space.map(va, OTHER_PA), view, 0);
        }
      }

      const expected = [0, 5].flatMap((view) =>
        [space.root, paOf(high)].flatMap((root) =>
          [0n, VA, SIBLING, STRANGER, 0xffff_ffff_ffff_f000n].flatMap((va) => [
            pageOut({ va, root }, { pa: PA, view }),
            pageIn({ va, root }, { pa: OTHER_PA, view }),
          ]),
        ),
      );
      expect(monitor.processDirtyEntries(0)).toEqual(expected);
    });

    test("an entry that moves one address and another entry that moves the next are one stream in order", async () => {
      const { space, monitor, at, trappedWrite } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(SIBLING), 0, "tag");
      monitor.monitor(at(VA), 0, "tag");
      trappedWrite(SIBLING, 1, OTHER_PA | PAGE_FLAGS);
      trappedWrite(VA, 1, 0n);

      expect(monitor.processDirtyEntries(0)).toEqual([
        pageOut(at(VA), { pa: PA, fault: "not-present" }),
        pageIn(at(SIBLING), { pa: OTHER_PA }),
      ]);
    });
  });
});
