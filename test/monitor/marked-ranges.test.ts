/** Intervals of marked frames, against a set of frames; and long ranges through the monitor, against entry by entry. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { amd64, PageTableMonitor } from "../../src/index.js";
import { MarkedRanges } from "../../src/monitor/marked-ranges.js";
import { entryAt, PAGE_2M, paOf } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { Dice } from "../support/dice.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";

const RUNS = 200;
const VIEWS = 2;

const arbitraryRange = fc
  .tuple(fc.nat(VIEWS - 1), fc.nat(60), fc.nat(12))
  .map(([view, firstGfn, more]) => ({ view, firstGfn, lastGfn: firstGfn + more }));

describe("marked ranges", () => {
  test("cover exactly the frames added, in intervals of one view that neither meet nor touch", () => {
    const step = fc.record({ vcpu: fc.nat(1), range: arbitraryRange, spends: fc.nat(15).map((n) => n === 0) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const ranges = new MarkedRanges();
        const model = [new Set<string>(), new Set<string>()];
        for (const { vcpu, range, spends } of steps) {
          if (spends) {
            ranges.spend(vcpu);
            model[vcpu] = new Set();
          } else {
            ranges.add(vcpu, range);
            for (let gfn = range.firstGfn; gfn <= range.lastGfn; gfn++) model[vcpu]?.add(`${range.view}:${gfn}`);
          }
          for (const each of [0, 1]) {
            const kept = ranges.of(each);
            const frames = kept.flatMap(({ view, firstGfn, lastGfn }) =>
              Array.from({ length: lastGfn - firstGfn + 1 }, (_, i) => `${view}:${firstGfn + i}`),
            );
            expect(frames.toSorted()).toEqual([...(model[each] as Set<string>)].toSorted());
            for (const { view, lastGfn } of kept)
              expect(kept.some((other) => other.view === view && other.firstGfn === lastGfn + 1)).toBe(false);
          }
        }
        ranges.spendAll();
        expect([...ranges.of(0), ...ranges.of(1)]).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("long marked ranges", () => {
  forEachBuild(() => {
    const pages = 60;
    let guest: Guest;
    let space: AddressSpace;
    let monitor: PageTableMonitor;
    const vas = Array.from({ length: pages }, (_, i) => BigInt(i) * BigInt(PAGE_2M) + BigInt((i * 37) % 512) * 0x1000n);
    /** PA of every monitored entry. */
    const entries = new Set<bigint>();

    beforeAll(async () => {
      guest = new Guest();
      space = new AddressSpace(guest);
      for (const [i, va] of vas.entries()) {
        space.map(va, paOf(0x8000 + i));
        for (let level = 1; level <= 4; level++) entries.add(space.entryPa(va, level));
      }
      const { memory } = new GuestDriver(guest, { features: ["read-frames"] });
      monitor = await PageTableMonitor.create({ memory, arch: amd64(), maximumFrames: 128 });
      monitor.monitorMany(space.root, BigUint64Array.from(vas), 0, "tag");
    });

    test("a range of any start and size tells the number of monitored entries that it touches", () => {
      const first = entryAt(0xf8, 0);
      fc.assert(
        fc.property(fc.nat(75 * 4096), fc.oneof(fc.nat(40), fc.nat(80 * 4096)), (start, size) => {
          const pa = first + BigInt(start);
          const touched = [...entries].filter((entryPa) => size > 0 && entryPa + 8n > pa && entryPa < pa + BigInt(size)).length;
          expect(monitor.markDirtyRange(pa, size, 0, 1)).toBe(touched);
          expect(monitor.markDirtyRange(pa, size, 1, 1)).toBe(0); // of another view
        }),
        { numRuns: RUNS },
      );
      expect(monitor.processDirtyEntries(1)).toEqual([]);
    });

    test("what a range marks and no more is processed, once, at its vCPU's next processing", () => {
      fc.assert(
        fc.property(fc.nat(), fc.nat(70), fc.integer({ min: 17, max: 60 }), (seed, from, frames) => {
          const dice = new Dice(seed);
          const changed = vas.filter(() => dice.below(3) === 0);
          const before = new Map(changed.map((va) => [va, guest.read(space.entryPa(va, 1))]));
          for (const va of changed) space.setEntry(va, 1, 0n);
          const firstGfn = 0xf8 + from;
          monitor.markDirtyRange(paOf(firstGfn), frames * 4096, 0, 2);
          const isMarked = (va: bigint): boolean => {
            const gfn = Number(space.entryPa(va, 1) >> 12n);
            return gfn >= firstGfn && gfn < firstGfn + frames;
          };
          const expected = changed.filter(isMarked);
          expect(monitor.processDirtyEntries(3)).toEqual([]);
          expect(monitor.processDirtyEntries(2).map(({ va }) => va)).toEqual(expected);
          expect(monitor.processDirtyEntries(2)).toEqual([]);
          for (const [va, entry] of before) space.setEntry(va, 1, entry);
          monitor.markDirtyRange(paOf(firstGfn), frames * 4096, 0, 2);
          expect(monitor.processDirtyEntries(2).map(({ va }) => va)).toEqual(expected);
        }),
        { numRuns: 40 },
      );
    });
  });
});
