/**
 * Worlds that break others: what unfolds without end, what is shared, cyclic, missing, or all the same.
 *
 * What is to be had at once is had within a test's time: to unfold these worlds would take hours.
 */

import { describe, expect, it } from "vitest";
import {
  type Change,
  changes,
  changesOfRoots,
  type GuestMemory,
  type Mapping,
  mappings,
  summarize,
  type UnreadableTable,
} from "../../src/index.js";
import { ENTRIES, entryAt, NX, P, PAGE_1G, PAGE_2M, PS, paOf, RW, TABLE_FLAGS, US, vaFrom } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { AddressSpace, Guest } from "../support/guest.js";

const ROOT = 0x10;

interface CountedMemory extends GuestMemory {
  readonly reads: Map<number, number>;
}

function counted(guest: Guest): CountedMemory {
  const reads = new Map<number, number>();
  return {
    reads,
    immutable: true,
    readFrame(gfn, target) {
      reads.set(gfn, (reads.get(gfn) ?? 0) + 1);
      const frame = guest.tryFrame(gfn);
      if (frame === undefined) return false;
      target.set(new Uint8Array(frame.buffer));
      return true;
    },
  };
}

function fill(guest: Guest, gfn: number, value: (place: number) => bigint): void {
  for (let place = 0; place < ENTRIES; place++) guest.write(entryAt(gfn, place), value(place));
}

/** 512 * 16 slots lead to one PT of scattered pages: four million leaves. */
function sharedLeaves(): Guest {
  const guest = new Guest();
  for (const gfn of [ROOT, ROOT + 1, ROOT + 2, ROOT + 3]) guest.allocate(gfn);
  guest.write(entryAt(ROOT, 0), paOf(ROOT + 1) | TABLE_FLAGS);
  for (let place = 0; place < 16; place++) guest.write(entryAt(ROOT + 1, place), paOf(ROOT + 2) | TABLE_FLAGS);
  fill(guest, ROOT + 2, () => paOf(ROOT + 3) | TABLE_FLAGS);
  fill(guest, ROOT + 3, (place) => paOf(0x1_0000 + 2 * place) | P | RW);
  return guest;
}

/** Four tables in a ring, every entry of each leads to the next: 2^36 pages. */
function ring(): Guest {
  const guest = new Guest();
  for (let table = 0; table < 4; table++) guest.allocate(ROOT + table);
  for (let table = 0; table < 4; table++) fill(guest, ROOT + table, () => paOf(ROOT + ((table + 1) % 4)) | TABLE_FLAGS);
  return guest;
}

function take<T>(rows: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const row of rows) {
    taken.push(row);
    if (taken.length === count) break;
  }
  return taken;
}

async function listed(guest: Guest, options: Partial<Parameters<typeof mappings>[1]> = {}): Promise<Mapping[]> {
  return [...(await mappings(counted(guest), { root: paOf(ROOT), maximumFrames: 2048, ...options }))];
}

forEachBuild(() => {
  describe("a ring of four tables that unfolds to 2^36 pages", () => {
    it("gives its first stretches at once and reads each table once", async () => {
      const memory = counted(ring());
      const rows = take(await mappings(memory, { root: paOf(ROOT), maximumFrames: 4 }), 3);
      expect(rows.map(({ va, length, pa }) => [va, length, pa])).toEqual([
        [0n, 4096n, paOf(ROOT)],
        [4096n, 4096n, paOf(ROOT)],
        [8192n, 4096n, paOf(ROOT)],
      ]);
      expect([...memory.reads.values()]).toEqual([1, 1, 1, 1]);
    });

    it("lists a range in the midst of it", async () => {
      const from = vaFrom([300, 17, 5, 9]);
      const rows = await listed(ring(), { range: { from, to: from + 8192n } });
      expect(rows.map(({ va }) => va)).toEqual([from, from + 4096n]);
    });

    it("is summed without being unfolded", async () => {
      const { pages, tables, parts } = await summarize(counted(ring()), { root: paOf(ROOT), maximumFrames: 4 });
      expect([pages, tables, parts.length]).toEqual([2 ** 36, 4, 1]);
    });

    it("is compared with itself without being unfolded", async () => {
      const found = await changes(counted(ring()), counted(ring()), { root: paOf(ROOT), maximumFrames: 64 });
      expect([...found]).toEqual([]);
    });

    it("gives the first change at once", async () => {
      const after = ring();
      after.write(entryAt(ROOT + 3, 7), 0n);
      const rows = take(await changes(counted(ring()), counted(after), { root: paOf(ROOT), maximumFrames: 64 }), 2);
      expect(rows.map(({ type, va }) => [type, va])).toEqual([
        ["page-out", 7n * 4096n],
        ["page-out", BigInt(PAGE_2M) + 7n * 4096n],
      ]);
    });
  });

  describe("four million leaves behind one shared PT", () => {
    it("are summed from four tables", async () => {
      const { pages, bytes, tables } = await summarize(counted(sharedLeaves()), { root: paOf(ROOT), maximumFrames: 8 });
      expect([pages, bytes, tables]).toEqual([2 ** 22, 2n ** 34n, 4]);
    });

    it("give the first stretch at once, and one changed entry is compared once and changes 8,192 pages", async () => {
      const after = sharedLeaves();
      after.write(entryAt(ROOT + 3, 100), 0n);
      const memories = [counted(sharedLeaves()), counted(after)] as const;
      expect(take(await mappings(memories[0], { root: paOf(ROOT), maximumFrames: 8 }), 1)).toHaveLength(1);
      memories[0].reads.clear();
      const found = [...(await changes(...memories, { root: paOf(ROOT), maximumFrames: 16 }))];
      expect(found).toHaveLength(16 * ENTRIES);
      for (const memory of memories) expect([...memory.reads.values()]).toEqual([1, 1, 1, 1]);
    });
  });

  it("passes 2^27 empty tables behind four shared ones at once", async () => {
    const guest = new Guest();
    for (let table = 0; table < 4; table++) guest.allocate(ROOT + table);
    for (let table = 0; table < 3; table++) fill(guest, ROOT + table, () => paOf(ROOT + table + 1) | TABLE_FLAGS);
    expect(await listed(guest)).toEqual([]);
    const after = guest.clone();
    after.write(entryAt(ROOT, 1), 0n);
    expect([...(await changes(counted(guest), counted(after), { root: paOf(ROOT), maximumFrames: 64 }))]).toEqual([]);
  });

  it("lists 512 slots that lead to one PDPT as 512 times the same", async () => {
    const guest = new Guest();
    for (let table = 0; table < 2; table++) guest.allocate(ROOT + table);
    fill(guest, ROOT, () => paOf(ROOT + 1) | TABLE_FLAGS);
    guest.write(entryAt(ROOT + 1, 3), BigInt(PAGE_1G) | P | RW | PS);
    const rows = await listed(guest);
    expect(rows).toHaveLength(ENTRIES);
    expect(rows.map(({ va }) => va)).toEqual(Array.from({ length: ENTRIES }, (_, slot) => vaFrom([slot, 3, 0, 0])));
    expect(new Set(rows.map(({ pa, pageSize }) => `${pa} ${pageSize}`)).size).toBe(1);
  });

  it("lists a table whose entries are all equal as pages of one frame each", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest, 4, guest.allocate(ROOT));
    space.map(0n, 0n);
    fill(guest, space.tableGfn(0n, 1), () => paOf(0x777) | P);
    const rows = await listed(guest);
    expect(rows).toHaveLength(ENTRIES);
    expect(rows.every(({ pa, length }) => pa === paOf(0x777) && length === 4096n)).toBe(true);
  });

  it("joins pages of 1 GiB over the borders of their tables, and ends at the hole between the halves", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest, 4, guest.allocate(ROOT));
    for (let gigabyte = 510n; gigabyte < 515n; gigabyte++) space.map(gigabyte << 30n, gigabyte << 30n, { pageSize: PAGE_1G });
    space.map(0x7fff_c000_0000n, 0x10_0000_0000n, { pageSize: PAGE_1G });
    space.map(0xffff_8000_0000_0000n, 0x10_4000_0000n, { pageSize: PAGE_1G });
    expect((await listed(guest)).map(({ va, length, pa }) => [va, length, pa])).toEqual([
      [510n << 30n, 5n << 30n, 510n << 30n],
      [0x7fff_c000_0000n, 1n << 30n, 0x10_0000_0000n],
      [0xffff_8000_0000_0000n, 1n << 30n, 0x10_4000_0000n],
    ]);
  });

  it("says each of many missing tables once, and lists what the others hold", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest, 4, guest.allocate(ROOT));
    for (let table = 0n; table < 300n; table++) space.map(table << 21n, (table << 21n) | 0x5000n);
    const missing: number[] = [];
    for (let table = 0n; table < 300n; table += 2n) missing.push(space.tableGfn(table << 21n, 1));
    for (const gfn of missing) guest.hide(gfn);
    const said: UnreadableTable[] = [];
    const rows = await listed(guest, { onUnreadable: (table) => said.push(table) });
    expect(rows.map(({ va }) => va)).toEqual(Array.from({ length: 150 }, (_, i) => BigInt(2 * i + 1) << 21n));
    expect(said.map(({ gfn, level, va }) => [gfn, level, va])).toEqual(missing.map((gfn, i) => [gfn, 1, BigInt(2 * i) << 21n]));
  });

  it("reads tables of the kernel's half once for all roots that share it, and says its changes once", async () => {
    const guest = new Guest();
    const first = new AddressSpace(guest, 4, guest.allocate(ROOT));
    const kernelVa = 0xffff_9000_0000_0000n;
    first.map(kernelVa, 0x5000n);
    first.map(0x1000n, 0x6000n);
    const roots = [first.root];
    for (let i = 1; i < 5; i++) {
      const other = new AddressSpace(guest, 4, guest.allocate());
      other.map(0x1000n, paOf(0x700 + i));
      guest.write(entryAt(other.rootGfn, 288), guest.read(entryAt(ROOT, 288)));
      roots.push(other.root);
    }
    const after = guest.clone();
    const kernel = new AddressSpace(after, 4, ROOT);
    kernel.setEntry(kernelVa, 1, 0n);
    kernel.setEntry(0x1000n, 1, paOf(6) | P | NX | US);
    const memories = [counted(guest), counted(after)] as const;
    const found = [...(await changesOfRoots(...memories, { roots, maximumFrames: 256 }))];
    expect(found.map(({ type, va, roots: of }) => [type, va, of.length])).toEqual([
      ["access", 0x1000n, 1],
      ["page-out", kernelVa, 5],
    ]);
    for (const memory of memories) expect([...memory.reads.values()].every((count) => count === 1)).toBe(true);
  });

  it("goes on after a read that failed, and loses nothing", async () => {
    const guest = ring();
    const memory = counted(guest);
    let failing = 2;
    const iterator = (
      await mappings(
        {
          ...memory,
          readFrame(gfn, target) {
            if (gfn === ROOT + 2 && failing-- > 0) throw new Error("it may pass");
            return memory.readFrame(gfn, target);
          },
        },
        { root: paOf(ROOT), maximumFrames: 8 },
      )
    )[Symbol.iterator]();
    expect(() => iterator.next()).toThrow("it may pass");
    expect(() => iterator.next()).toThrow("it may pass");
    expect(iterator.next().value).toMatchObject({ va: 0n });
  });

  it("throws memory-exhausted where more tables would have to be kept than allowed", async () => {
    const rows = await mappings(counted(ring()), { root: paOf(ROOT), maximumFrames: 3 });
    expect(() => [...rows]).toThrow(
      expect.objectContaining({ code: "memory-exhausted", message: expect.stringContaining("a smaller range") }),
    );
  });

  it("takes a bound past 2^32 for none", async () => {
    for (const maximumFrames of [2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      const rows = await mappings(counted(ring()), { root: paOf(ROOT), maximumFrames });
      expect(rows[Symbol.iterator]().next().value).toMatchObject({ va: 0n });
    }
  });

  it("hears an abort while nothing is found and nothing read", async () => {
    // Large pages before; after, tables that lead to tables which are all missing: 2^18 slots without a change.
    const [pages, tables] = [new Guest(), new Guest()];
    for (let level = 0; level < 3; level++) {
      for (const guest of [pages, tables]) guest.allocate(ROOT + level);
      for (let place = 0; place < ENTRIES; place++) {
        const isLarge = level === 1;
        pages.write(entryAt(ROOT + level, place), isLarge ? (BigInt(place) << 30n) | P | PS : paOf(ROOT + level + 1) | TABLE_FLAGS);
        tables.write(entryAt(ROOT + level, place), paOf(ROOT + level + 1) | TABLE_FLAGS);
      }
    }
    let looks = 0;
    const signal = {
      get aborted() {
        return ++looks > 40;
      },
      reason: new Error("enough"),
      addEventListener() {},
      removeEventListener() {},
    };
    const rows = await changes(counted(pages), counted(tables), { root: paOf(ROOT), signal });
    expect(() => [...rows]).toThrow("enough");
  });

  it("throws the signal's reason once it is aborted, whatever rows are waiting", async () => {
    const controller = new AbortController();
    const rows = await mappings(counted(ring()), { root: paOf(ROOT), maximumFrames: 8, signal: controller.signal });
    const iterator = rows[Symbol.iterator]();
    iterator.next();
    controller.abort(new Error("enough"));
    expect(() => iterator.next()).toThrow("enough");
  });

  it("throws the signal's reason once it is aborted", async () => {
    const controller = new AbortController();
    const rows = await mappings(counted(ring()), { root: paOf(ROOT), maximumFrames: 8, signal: controller.signal });
    const iterator = rows[Symbol.iterator]();
    iterator.next();
    controller.abort(new Error("enough"));
    expect(() => {
      for (let i = 0; i < 10_000; i++) iterator.next();
    }).toThrow("enough");
  });

  it("reads memory that may change anew for each iteration", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest, 4, guest.allocate(ROOT));
    space.map(0x1000n, 0x5000n);
    const rows = await mappings({ readFrame: counted(guest).readFrame }, { root: paOf(ROOT), maximumFrames: 16 });
    expect([...rows].map(({ pa }) => pa)).toEqual([0x5000n]);
    space.map(0x1000n, 0x9000n);
    expect([...rows].map(({ pa }) => pa)).toEqual([0x9000n]);
  });

  it("gives changes of large pages that were split in place as page-size, and leaves what is the same alone", async () => {
    const guest = new Guest();
    const space = new AddressSpace(guest, 4, guest.allocate(ROOT));
    space.map(0n, 0x20_0000n, { pageSize: PAGE_2M });
    const after = guest.clone();
    const pt = after.allocate();
    fill(after, pt, (place) => paOf(0x200 + place) | TABLE_FLAGS);
    new AddressSpace(after, 4, ROOT).setEntry(0n, 2, paOf(pt) | TABLE_FLAGS);
    const found: Change[] = [...(await changes(counted(guest), counted(after), { root: paOf(ROOT), maximumFrames: 64 }))];
    expect(found).toMatchObject([
      { type: "page-size", va: 0n, length: BigInt(PAGE_2M), before: { pageSize: PAGE_2M }, after: { pageSize: 4096 } },
    ]);
  });
});

it("refuses to compare dumps of two modes", async () => {
  const { amd64 } = await import("../../src/index.js");
  const dumps = ([4, 5] as const).map((levels) => ({ ...counted(ring()), vcpus: [{ arch: amd64({ levels }) }] }));
  await expect(changes(dumps[0], dumps[1], { root: paOf(ROOT) })).rejects.toMatchObject({ code: "mode-mismatch" });
});
