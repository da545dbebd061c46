/** How much there is to be walked, against a naive count on random worlds. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { amd64, outline } from "../../src/index.js";
import { entryAt, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { Guest } from "../support/guest.js";
import { asInCr3, modePlan } from "./modes.js";
import type { NaiveMode } from "./naive.js";
import { buildWorld, memoryOf, rangePlan, readerOf, worldPlan } from "./worlds.js";

const RUNS = 300;
const PRESENT = 1n;
const PAGE_SIZE = 1n << 7n;
const ADDRESS = 0x000f_ffff_ffff_f000n;
const MOST_PASSED = 100_000;

interface NaiveCount {
  readonly distinct: Set<number>;
  passed: number;
}

/** Goes below every entry that leads to a table, as often as it is met. Addresses without their sign. */
function countNaively(
  read: (gfn: number) => BigUint64Array | undefined,
  mode: NaiveMode,
  gfn: number,
  from: bigint,
  to: bigint,
): NaiveCount {
  const count: NaiveCount = { distinct: new Set(), passed: 0 };
  const visit = (table: number, level: number, start: bigint): void => {
    const entries = level === 1 ? undefined : read(table);
    if (++count.passed > MOST_PASSED) return;
    if (level === 1 || entries) count.distinct.add(table);
    if (!entries) return;
    const span = 1n << BigInt(3 + 9 * level);
    for (const [i, raw] of entries.entries()) {
      const entry = raw & ~mode.encryptionMask;
      const at = start + BigInt(i) * span;
      const reserved = ADDRESS & ~((1n << BigInt(mode.physicalAddressBits)) - 1n) & ~mode.encryptionMask;
      if (at >= to || at + span <= from || (entry & PRESENT) === 0n || (entry & PAGE_SIZE) !== 0n || (entry & reserved) !== 0n) continue;
      visit(Number((entry & ADDRESS) >> 12n), level - 1, at);
    }
  };
  visit(gfn, mode.levels, 0n);
  return count;
}

function linear(va: bigint, levels: number): bigint {
  const size = 1n << BigInt(12 + 9 * levels);
  const half = size >> 1n;
  if (va <= half) return va;
  return (1n << 64n) - va < half ? size - ((1n << 64n) - va) : half;
}

it("counts the tables of random worlds: each once, and as often as a listing passes it", async () => {
  await fc.assert(
    fc.asyncProperty(worldPlan, modePlan, rangePlan, async (plan, mode, range) => {
      const { guest, root } = buildWorld(plan);
      const size = 1n << BigInt(12 + 9 * mode.levels);
      const [from, to] = range ? [linear(range.from, mode.levels), linear(range.to, mode.levels)] : [0n, size];
      fc.pre(from < to);
      const gfn = Number(root >> 12n);
      const expected = countNaively(readerOf(guest), mode, gfn, from, to);
      const whole = countNaively(readerOf(guest), mode, gfn, 0n, size);
      fc.pre(whole.passed < MOST_PASSED);
      const found = await outline(memoryOf(guest), { roots: [asInCr3(root, mode)], arch: amd64(mode), ...(range && { range }) });
      expect(found.tables).toBe(expected.distinct.size);
      if (!range) expect(found.passed(asInCr3(root, mode))).toBe(whole.passed);
      expect(found.passed(root)).toBeLessThanOrEqual(whole.passed);
      expect(found.passed(root, range?.from ?? 0n)).toBe(0);
    }),
    { numRuns: RUNS },
  );
});

it("counts a ring that unfolds to 2^27 tables at once, and halves of it as halves", async () => {
  const guest = new Guest();
  for (let table = 0; table < 4; table++) guest.allocate(0x10 + table);
  for (let table = 0; table < 4; table++) {
    for (let i = 0; i < 512; i++) guest.write(entryAt(0x10 + table, i), paOf(0x10 + ((table + 1) % 4)) | TABLE_FLAGS);
  }
  const root = paOf(0x10);
  const found = await outline(memoryOf(guest), { roots: [root] });
  const below = 512 * (1 + 512 * (1 + 512));
  expect(found.tables).toBe(4);
  expect(found.passed(root)).toBe(1 + below);
  expect(found.passed(root, 0xffff_8000_0000_0000n)).toBe(1 + below / 2);
  expect(found.passed(root, 1n << 39n)).toBe(1 + below / 512);
  expect(found.passed(root, 1n << 20n)).toBe(3.5);
});

it("counts what roots share once", async () => {
  const guest = new Guest();
  for (const gfn of [0x10, 0x11, 0x20, 0x30]) guest.allocate(gfn);
  for (const top of [0x10, 0x11]) guest.write(entryAt(top, 300), paOf(0x20) | TABLE_FLAGS);
  guest.write(entryAt(0x20, 5), paOf(0x30) | TABLE_FLAGS);
  guest.write(entryAt(0x30, 1), paOf(0x77) | TABLE_FLAGS);
  const found = await outline(memoryOf(guest), { roots: [paOf(0x10), paOf(0x11), paOf(0x10) | 5n] });
  expect(found.tables).toBe(5);
});

it("refuses what is no root, no range and no memory, and hears an abort", async () => {
  const memory = memoryOf(new Guest());
  await expect(outline(memory, { roots: [-1n] })).rejects.toMatchObject({ code: "negative-address" });
  await expect(outline(memory, { roots: [0n], range: { from: 2n, to: 1n } })).rejects.toMatchObject({ code: "invalid-range" });
  await expect(outline({} as never, { roots: [0n] })).rejects.toMatchObject({ code: "invalid-memory" });
  const reason = new Error("enough");
  await expect(outline(memory, { roots: [0n], signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
