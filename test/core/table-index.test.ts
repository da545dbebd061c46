/** Tables by (view, GFN) over the open-addressing index: thousands of PTs come and go in random order, and none is mistaken. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amd64, type GuestMemory, PageTableMonitor } from "../../src/index.js";
import { PAGE_2M, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { Dice } from "../support/dice.js";
import { Guest } from "../support/guest.js";

const TABLES = 1536;
const VIEW = 3;
const RUNS = 1;
/** Of a Fibonacci hash: GFNs whose product with it begins with the same bits begin to be looked for at neighbouring places. */
const MULTIPLIER = 0x9e37_79b9_7f4a_7c15n;
const LAST_PLACES = 63n << 58n;

/** GFNs that all fall into the last sixty-fourth of any index, whatever its size: they run over its end. */
function crowdedGfns(dice: Dice, count: number): number[] {
  const gfns = new Set<number>();
  while (gfns.size < count) {
    const gfn = 0x1000 + dice.below(2 ** 20) * 2 ** 19 + dice.below(2 ** 19);
    if (BigInt.asUintN(64, BigInt(gfn) * MULTIPLIER) >= LAST_PLACES) gfns.add(gfn);
  }
  return [...gfns];
}

/** One address space with a PT in each of `gfns`; every page of the i-th is mapped to the PA of its number. */
function memoryWith(gfns: readonly number[]): { memory: GuestMemory; root: bigint } {
  const guest = new Guest();
  const [pml4, pdpt] = [guest.allocate(1), guest.allocate(2)];
  (guest.frames.get(pml4) as BigUint64Array)[0] = paOf(pdpt) | TABLE_FLAGS;
  for (let i = 0; i < gfns.length; i++) {
    const pd = 3 + Math.floor(i / 512);
    if (i % 512 === 0) (guest.frames.get(pdpt) as BigUint64Array)[pd - 3] = paOf(guest.allocate(pd)) | TABLE_FLAGS;
    (guest.frames.get(pd) as BigUint64Array)[i % 512] = paOf(gfns[i] as number) | TABLE_FLAGS;
  }
  const places = new Map(gfns.map((gfn, i) => [gfn, i]));
  const readFrame = (gfn: number, target: Uint8Array): boolean => {
    const table = guest.tryFrame(gfn);
    const pages = new BigUint64Array(512);
    if (!table) pages.fill(paOf(0x100 + (places.get(gfn) as number)) | TABLE_FLAGS);
    target.set(new Uint8Array((table ?? pages).buffer));
    return true;
  };
  return { memory: { readFrame }, root: paOf(pml4) };
}

describe("the index of tables", () => {
  forEachBuild(() => {
    test.each([
      ["crowded at the end of the index", crowdedGfns],
      ["neighbours", (_: Dice, count: number) => Array.from({ length: count }, (_, i) => 0x8000 + i)],
    ])("thousands of tables, %s, are found while they are monitored and only then", async (_, choose) => {
      const gfns = choose(new Dice(3), TABLES);
      const { memory, root } = memoryWith(gfns);
      const monitor = await PageTableMonitor.create<number>({ memory, arch: amd64(), maximumFrames: TABLES + 16 });
      const vaOf = (place: number): bigint => BigInt(place) * BigInt(PAGE_2M) + 0x7000n;
      const places = gfns.map((_gfn, place) => place);
      const wrong = (monitored: ReadonlySet<number>): number[] => {
        const found = places.filter(
          (place) => monitor.markDirtyEntry(paOf(gfns[place] as number) + 7n * 8n, VIEW, 0) !== monitored.has(place),
        );
        monitor.processDirtyColumns(0);
        return found;
      };
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const dice = new Dice(seed);
          monitor.unmonitorAll();
          const monitored = new Set(dice.shuffled(places));
          const order = [...monitored];
          const pas = monitor.monitorMany(root, BigUint64Array.from(order, vaOf), VIEW, 0);
          expect([...pas]).toEqual(order.map((place) => paOf(0x100 + place)));
          expect(wrong(monitored)).toEqual([]);
          for (const [step, place] of dice.shuffled(places).entries()) {
            monitor.unmonitor({ va: vaOf(place), root }, VIEW);
            monitored.delete(place);
            if (step % 3 === 0) {
              const again = dice.pick(places);
              if (!monitored.has(again)) monitor.monitor({ va: vaOf(again), root }, VIEW, 0);
              monitored.add(again);
            }
            if (step % 400 === 399) expect(wrong(monitored)).toEqual([]);
          }
          expect(wrong(monitored)).toEqual([]);
          expect(monitor.monitoredAddresses).toBe(monitored.size);
          for (const place of monitored) monitor.unmonitorByForce({ va: vaOf(place), root }, VIEW);
          expect(wrong(new Set())).toEqual([]);
          expect([monitor.monitoredTables, monitor.monitoredEntries]).toEqual([0, 0]);
        }),
        { numRuns: RUNS },
      );
    });
  });
});
