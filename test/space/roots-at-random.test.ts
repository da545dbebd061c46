/** Which candidates `findRoots` finds in random memory, damaged or not, against a naive look at every frame, on every build. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { amd64, findRoots } from "../../src/index.js";
import { ENTRIES, entryAt, NX, P, PAGE_1G, PAGE_2M, PAGE_FLAGS, paOf, RW } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { rootsNaively } from "./naive-roots.js";

const FRAMES = 0x180;
const FIRST_TABLE = 0x20;
const RUNS = 60;
const VAS = [0n, 0x40_0000n, 0x7fff_ffff_f000n, 0xffff_8880_0000_0000n, 0xffff_ffff_8100_0000n];
const PAGE_SIZES = [4096, 4096, 4096, PAGE_2M, PAGE_1G];

/** Pages in a row of one process. */
const mapPlan = fc.record({
  process: fc.nat(2),
  va: fc.constantFrom(...VAS),
  size: fc.constantFrom(...PAGE_SIZES),
  pages: fc.integer({ min: 1, max: 40 }),
  first: fc.nat(FRAMES - 1),
});
/** What is written where no table is, or over one. */
const noisePlan = fc.record({ gfn: fc.nat(FRAMES - 1), kind: fc.nat(5), seed: fc.bigInt(0n, (1n << 64n) - 1n) });
const damagePlan = fc.record({ gfn: fc.nat(FRAMES - 1), place: fc.nat(ENTRIES - 1), value: fc.bigInt(0n, (1n << 64n) - 1n) });
const memoryPlan = fc.record({
  levels: fc.constantFrom(4 as const, 5 as const),
  maps: fc.array(mapPlan, { minLength: 1, maxLength: 8 }),
  noise: fc.array(noisePlan, { maxLength: 12 }),
  damage: fc.array(damagePlan, { maxLength: 30 }),
  missing: fc.array(fc.nat(FRAMES - 1), { maxLength: 20 }),
});

function buildMemory({ levels, maps, noise, damage, missing }: typeof memoryPlan extends fc.Arbitrary<infer T> ? T : never): Guest {
  const guest = new Guest(new Map(), new Set(), FIRST_TABLE);
  const processes = [0, 1, 2].map(() => new AddressSpace(guest, levels));
  for (const { process, va, size, pages, first } of maps) {
    for (let page = 0n; page < pages; page++) {
      const at = va + page * BigInt(size);
      if (at >> 47n !== va >> 47n || guest.frames.size > FRAMES - FIRST_TABLE - levels) break;
      // Where a larger page is in the way, none is mapped.
      try {
        processes[process]?.map(at, paOf(first + 1) + page * 4096n, { pageSize: size, flags: PAGE_FLAGS });
      } catch {
        break;
      }
    }
  }
  const tables = [...guest.frames.keys()];
  for (const { gfn, kind, seed } of noise) fillNoise(guest, gfn, kind, seed, tables);
  for (const { gfn, place, value } of damage) if (guest.frames.has(gfn)) guest.write(entryAt(gfn, place), value);
  for (const gfn of missing) guest.hide(gfn);
  return guest;
}

function fillNoise(guest: Guest, gfn: number, kind: number, seed: bigint, tables: readonly number[]): void {
  if (!guest.frames.has(gfn)) guest.allocate(gfn);
  const original = tables[Number(seed % BigInt(tables.length))] as number;
  for (let place = 0; place < ENTRIES; place++) {
    const i = BigInt(place);
    const values = [
      0x6c6c_6568_206f_6c6cn ^ i,
      0xffff_8880_0000_0000n + i * 8n,
      BigInt.asUintN(64, seed * (2n * i + 1n)),
      guest.read(entryAt(original, place)),
      i % 3n === 0n ? paOf((place + Number(seed & 0xffn)) % FRAMES) | P | RW | NX : 0n,
      i < 4n ? i : 0n,
    ];
    guest.write(entryAt(gfn, place), values[kind] as bigint);
  }
}

forEachBuild(() => {
  it("finds in random memory the frames that a naive look at all of it takes for top-level tables, and as good as it takes them", async () => {
    await fc.assert(
      fc.asyncProperty(memoryPlan, async (plan) => {
        const guest = buildMemory(plan);
        // Frames that no test wrote are zeros; those that are missing stand in the runs, and cannot be read.
        const zeros = new BigUint64Array(ENTRIES);
        const readTable = (gfn: number): BigUint64Array | undefined => (guest.isHidden(gfn) ? undefined : (guest.tryFrame(gfn) ?? zeros));
        const found = await findRoots(
          {
            runs: [{ gfn: 0, count: FRAMES }],
            readFrame(gfn, target) {
              const frame = readTable(gfn);
              if (frame) target.set(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
              return frame !== undefined;
            },
          },
          { arch: amd64({ levels: plan.levels }) },
        );
        const expected = rootsNaively(readTable, FRAMES, plan.levels);
        expect(new Set(found.map(({ root }) => root))).toEqual(new Set(expected.map(({ gfn }) => paOf(gfn))));
        for (const { gfn, thousandths, tables } of expected) {
          const words = `${Math.round(100 * (thousandths / 1000))} % of what its ${tables} ${tables === 1 ? "entry leads" : "entries lead"} to`;
          expect(found.find(({ root }) => root === paOf(gfn))?.reasons.join("; ")).toContain(words);
        }
        expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a));
      }),
      { numRuns: RUNS },
    );
  });
});
