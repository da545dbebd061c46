/**
 * Random worlds of page tables, small in what they unfold to and rich in what breaks others: shared tables, cycles, self-maps,
 * tables at two levels, large pages, malformed entries, tables that are missing.
 */

import fc from "fast-check";
import type { GuestMemory } from "../../src/model/memory.js";
import { ENTRIES, G, LARGE_PAT, NX, P, PS, paOf, RW, US } from "../support/amd64-bits.js";
import { Guest } from "../support/guest.js";

/** A range, aligned or not, or none. */
export const rangePlan: fc.Arbitrary<{ readonly from: bigint; readonly to: bigint } | undefined> = fc.option(
  fc
    .tuple(fc.bigInt(0n, 1n << 64n), fc.bigInt(0n, 1n << 64n), fc.constantFrom(0n, 12n, 21n, 39n))
    .map(([a, b, shift]) => [(a >> shift) << shift, (b >> shift) << shift] as const)
    .map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a }))
    .filter(({ from }) => from < 1n << 64n), // only the end may lie behind the last address
  { nil: undefined },
);

export interface World {
  readonly guest: Guest;
  readonly root: bigint;
}

/** Tables of a world; entries lead to each other by these frames, so that tables are shared and cycles close. */
const TABLES = 7;
const FIRST_TABLE = 0x10;
/** Places that meet at the borders of tables and of the two halves, so that stretches go over them. */
const PLACES = [0, 1, 2, 255, 256, 257, 510, 511];

type EntryPlan = readonly [place: number, kind: number, target: number, flags: number];

const entryPlan: fc.Arbitrary<EntryPlan> = fc.tuple(
  fc.constantFrom(...PLACES),
  fc.integer({ min: 0, max: 11 }),
  fc.integer({ min: 0, max: TABLES - 1 }),
  fc.integer({ min: 0, max: 127 }),
);
const tablePlan = fc.array(entryPlan, { maxLength: 4 });
const runPlan = fc.option(
  fc.tuple(fc.integer({ min: 0, max: TABLES - 1 }), fc.integer({ min: 0, max: 511 }), fc.integer({ min: 1, max: 40 })),
);

export interface WorldPlan {
  readonly tables: readonly (readonly EntryPlan[])[];
  readonly runs: readonly (readonly [table: number, first: number, count: number] | null)[];
  readonly missing: readonly number[];
}

export const worldPlan: fc.Arbitrary<WorldPlan> = fc.record({
  tables: fc.array(tablePlan, { minLength: TABLES, maxLength: TABLES }),
  runs: fc.array(runPlan, { maxLength: 2 }),
  missing: fc.array(fc.integer({ min: 1, max: TABLES - 1 }), { maxLength: 2 }),
});

/** What happens to a world between two states: entries written anew, tables that vanish. */
export interface ChangePlan {
  readonly entries: readonly (readonly [table: number, entry: EntryPlan])[];
  readonly missing: readonly number[];
}

export const changePlan: fc.Arbitrary<ChangePlan> = fc.record({
  entries: fc.array(fc.tuple(fc.integer({ min: 0, max: TABLES - 1 }), entryPlan), { maxLength: 5 }),
  missing: fc.array(fc.integer({ min: 0, max: TABLES - 1 }), { maxLength: 1 }),
});

export function buildWorld(plan: WorldPlan): World {
  const guest = new Guest();
  for (let table = 0; table < TABLES; table++) guest.allocate(FIRST_TABLE + table);
  for (const [table, entries] of plan.tables.entries()) for (const entry of entries) writeEntry(guest, table, entry);
  for (const run of plan.runs) if (run) writeRun(guest, run);
  for (const table of plan.missing) guest.hide(FIRST_TABLE + table);
  return { guest, root: paOf(FIRST_TABLE) };
}

/** The world after `change`, the one before untouched. */
export function changeWorld({ guest, root }: World, change: ChangePlan): World {
  const changed = guest.clone();
  for (const [table, entry] of change.entries) writeEntry(changed, table, entry);
  for (const table of change.missing) changed.hide(FIRST_TABLE + table);
  return { guest: changed, root };
}

function writeEntry(guest: Guest, table: number, [place, kind, target, flags]: EntryPlan): void {
  guest.write(paOf(FIRST_TABLE + table) + 8n * BigInt(place), entryValue(place, kind, target, flags));
}

function writeRun(guest: Guest, [table, first, count]: readonly [number, number, number]): void {
  for (let i = 0; i < count && first + i < ENTRIES; i++) {
    guest.write(paOf(FIRST_TABLE + table) + 8n * BigInt(first + i), paOf(0x5_0000 + first + i) | P | RW | (i % 3 === 0 ? G : 0n));
  }
}

function entryValue(place: number, kind: number, target: number, flagBits: number): bigint {
  const flags =
    P |
    (flagBits & 1 ? RW : 0n) |
    (flagBits & 2 ? US : 0n) |
    (flagBits & 4 ? NX : 0n) |
    (flagBits & 8 ? G : 0n) |
    ((BigInt(flagBits >> 4) << 5n) & 0x60n);
  const table = paOf(FIRST_TABLE + target);
  // 2 MiB and 1 GiB pages that are neighbours in PA where their places are.
  const megabytes = BigInt(place) << 21n;
  const gigabytes = BigInt(place) << 30n;
  switch (kind) {
    case 0:
      return 0n;
    case 1:
      return table & ~P;
    case 2:
      return megabytes | flags | PS;
    case 3:
      return gigabytes | flags | PS | LARGE_PAT;
    case 4:
      return gigabytes | (1n << 14n) | flags | PS;
    case 5:
      return paOf(0xabc_0000 + place) | flags;
    case 6:
      return (1n << 50n) | flags;
    default:
      return table | flags;
  }
}

export function memoryOf(guest: Guest, options: { readonly immutable?: boolean } = {}): GuestMemory {
  return {
    ...(options.immutable === undefined ? {} : { immutable: options.immutable }),
    readFrame(gfn, target) {
      const frame = guest.tryFrame(gfn);
      if (frame === undefined) return false;
      target.set(new Uint8Array(frame.buffer));
      return true;
    },
  };
}

export function readerOf(guest: Guest): (gfn: number) => BigUint64Array | undefined {
  return (gfn) => guest.tryFrame(gfn);
}
