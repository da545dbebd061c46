/** Worlds that take more of the core's memory than it begins with: it grows, and where it cannot, nothing is lost. */

import { afterEach, describe, expect, it, vi } from "vitest";
import {
  amd64,
  type Change,
  changes,
  changesOfRoots,
  findRoots,
  type GuestMemory,
  type Mapping,
  mappings,
  summarize,
} from "../../src/index.js";
import { ENTRIES, entryAt, P, PAGE_FLAGS, PS, paOf, RW, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { Guest } from "../support/guest.js";

/** With 4 KiB of copy each more than the core begins with, which is 12 MiB. */
const TABLES = 4096;
const ROOT = 1;
const PDPT = 2;
const FIRST_PD = 0x10;
const FIRST_PT = 0x100;
const LIMIT = FIRST_PT + TABLES;
/** Every second page of a table: no two make one stretch. */
const PAGES_A_TABLE = ENTRIES / 2;

/** One of the frames behind the tables, which hold zeros. */
function pageOf(table: number, place: number): bigint {
  return paOf(LIMIT + ((table * ENTRIES + place) % LIMIT));
}

function manyTables(): Guest {
  const guest = new Guest();
  for (const gfn of [ROOT, PDPT]) guest.allocate(gfn);
  guest.write(entryAt(ROOT, 0), paOf(PDPT) | TABLE_FLAGS);
  for (let table = 0; table < TABLES; table++) {
    const pd = FIRST_PD + Math.floor(table / ENTRIES);
    if (!guest.frames.has(pd)) {
      guest.allocate(pd);
      guest.write(entryAt(PDPT, pd - FIRST_PD), paOf(pd) | TABLE_FLAGS);
    }
    const pt = guest.allocate(FIRST_PT + table);
    guest.write(entryAt(pd, table % ENTRIES), paOf(pt) | TABLE_FLAGS);
    const entries = guest.frames.get(pt) as BigUint64Array;
    for (let place = 0; place < ENTRIES; place += 2) entries[place] = pageOf(table, place) | PAGE_FLAGS;
  }
  return guest;
}

function memoryOf(guest: Guest): GuestMemory {
  return {
    immutable: true,
    readFrame(gfn, target) {
      const frame = guest.tryFrame(gfn);
      if (frame) target.set(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
      return frame !== undefined;
    },
  };
}

/** Their tables on both sides are more than the core begins with. */
const ROOTS = 2000;

/** Two states of roots over one kernel half, in which a page goes; each has a page of its own, of 1 GiB, which becomes read-only. */
function manyRoots(): readonly [Guest, Guest] {
  const guest = new Guest();
  const [kernel, pd, pt] = [PDPT, FIRST_PD, FIRST_PD + 1];
  for (const gfn of [kernel, pd, pt]) guest.allocate(gfn);
  guest.write(entryAt(kernel, 0), paOf(pd) | TABLE_FLAGS);
  guest.write(entryAt(pd, 0), paOf(pt) | TABLE_FLAGS);
  guest.write(entryAt(pt, 0), paOf(LIMIT) | PAGE_FLAGS);
  const own = Array.from({ length: ROOTS }, (_, i) => entryAt(guest.allocate(FIRST_PT + ROOTS + i), 0));
  for (const [i, entryPa] of own.entries()) {
    const root = guest.allocate(FIRST_PT + i);
    guest.write(entryAt(root, 0), paOf(FIRST_PT + ROOTS + i) | TABLE_FLAGS);
    guest.write(entryAt(root, ENTRIES - 1), paOf(kernel) | TABLE_FLAGS);
    guest.write(entryPa, (BigInt(i) << 30n) | PAGE_FLAGS | PS);
  }
  const later = guest.clone();
  for (const [i, entryPa] of own.entries()) later.write(entryPa, (BigInt(i) << 30n) | P | PS);
  later.write(entryAt(pt, 0), 0n);
  return [guest, later];
}

const before = manyTables();
/** One page of each table has gone, and one has come: a pair is kept for each. */
const after = before.clone();
for (let table = 0; table < TABLES; table++) {
  const entries = after.frames.get(FIRST_PT + table) as BigUint64Array;
  entries[0] = 0n;
  for (let place = 1; place < ENTRIES; place += 2) entries[place] = pageOf(table, place) | P | RW;
}
const OPTIONS = { root: paOf(ROOT), arch: amd64() } as const;

function lengthOf(rows: Iterable<Mapping | Change>): number {
  let count = 0;
  for (const _ of rows) count++;
  return count;
}

afterEach(() => {
  vi.restoreAllMocks();
});

forEachBuild(() => {
  it("lists, sums and compares thousands of tables while its memory grows", async () => {
    expect(lengthOf(await mappings(memoryOf(before), OPTIONS))).toBe(TABLES * PAGES_A_TABLE);
    expect(await summarize(memoryOf(before), OPTIONS)).toMatchObject({
      pages: TABLES * PAGES_A_TABLE,
      tables: TABLES + TABLES / ENTRIES + 2,
    });
    expect(lengthOf(await changes(memoryOf(before), memoryOf(after), OPTIONS))).toBe(TABLES * (1 + PAGES_A_TABLE));
  });

  it("tells thousands of roots apart, and says once what they share", async () => {
    const [one, other] = manyRoots();
    const roots = Array.from({ length: ROOTS }, (_, i) => paOf(FIRST_PT + i));
    const rows = [...(await changesOfRoots(memoryOf(one), memoryOf(other), { roots, arch: amd64() }))];
    expect(rows.filter(({ va }) => va === 0n).map(({ roots: of }) => of)).toEqual(roots.map((root) => [root]));
    expect(rows.filter(({ va }) => va !== 0n)).toEqual([expect.objectContaining({ type: "page-out", roots })]);
    expect(rows).toHaveLength(ROOTS + 1);
  });

  it("finds a root above thousands of tables", async () => {
    const tables = memoryOf(before);
    const memory: GuestMemory = {
      readFrame(gfn, target) {
        if (gfn >= LIMIT) target.fill(0);
        return gfn >= LIMIT || tables.readFrame(gfn, target);
      },
    };
    const found = await findRoots({ ...memory, runs: [{ gfn: ROOT, count: 2 * LIMIT - ROOT }] }, { arch: amd64() });
    expect(found.map(({ root }) => root)).toEqual([paOf(ROOT)]);
  });
});

describe("where the memory cannot grow for a while", () => {
  /** Has the next calls for more memory fail, both steps of each. */
  function refuseGrowth(times: number): void {
    const { grow } = WebAssembly.Memory.prototype;
    let left = 2 * times;
    vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(function (this: WebAssembly.Memory, pages: number) {
      if (left-- > 0) throw new RangeError("no memory is to be had");
      return grow.call(this, pages);
    });
  }

  /** Takes all rows, going on where memory was exhausted; answers how often that was. */
  function takeAll(rows: Iterable<Mapping | Change>): { readonly vas: bigint[]; readonly refusals: number } {
    const iterator = rows[Symbol.iterator]();
    const vas: bigint[] = [];
    let refusals = 0;
    for (;;) {
      try {
        const { done, value } = iterator.next();
        if (done === true) return { vas, refusals };
        vas.push((value as Mapping).va);
      } catch (error) {
        expect(error).toMatchObject({ code: "memory-exhausted" });
        refusals++;
      }
    }
  }

  it("a listing says so, goes on when it is asked again, and loses no stretch", async () => {
    const expected = takeAll(await mappings(memoryOf(before), OPTIONS)).vas;
    refuseGrowth(3);
    const { vas, refusals } = takeAll(await mappings(memoryOf(before), OPTIONS));
    expect(refusals).toBe(3);
    expect(vas).toEqual(expected);
  });

  it("a comparison says so, goes on when it is asked again, and loses no change", async () => {
    const expected = takeAll(await changes(memoryOf(before), memoryOf(after), OPTIONS)).vas;
    refuseGrowth(3);
    const { vas, refusals } = takeAll(await changes(memoryOf(before), memoryOf(after), OPTIONS));
    expect(refusals).toBe(3);
    expect(vas).toEqual(expected);
  });

  it("a listing whose reads fail the first time loses no stretch either", async () => {
    const memory = memoryOf(before);
    const expected = takeAll(await mappings(memory, OPTIONS)).vas;
    const failed = new Set<number>();
    const iterator = (
      await mappings(
        {
          immutable: true,
          readFrame(gfn, target) {
            if (gfn % 64 === 0 && !failed.has(gfn)) {
              failed.add(gfn);
              throw new Error("it may pass");
            }
            return memory.readFrame(gfn, target);
          },
        },
        OPTIONS,
      )
    )[Symbol.iterator]();
    const vas: bigint[] = [];
    let failures = 0;
    for (;;) {
      try {
        const { done, value } = iterator.next();
        if (done === true) break;
        vas.push(value.va);
      } catch {
        failures++;
      }
    }
    expect(failures).toBe(failed.size);
    expect(vas).toEqual(expected);
  });

  it("a sum rejects, and the same call can be made again", async () => {
    refuseGrowth(1);
    await expect(summarize(memoryOf(before), OPTIONS)).rejects.toMatchObject({ code: "memory-exhausted" });
    expect((await summarize(memoryOf(before), OPTIONS)).pages).toBe(TABLES * PAGES_A_TABLE);
  });
});
