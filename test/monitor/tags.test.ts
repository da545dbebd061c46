/** Tags by number: each address keeps its own, what nobody has is forgotten, and what was handed out stays as it was. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amd64, PageTableMonitor } from "../../src/index.js";
import { Spaces } from "../../src/monitor/spaces.js";
import { Tags } from "../../src/monitor/tags.js";
import { PAGE_4K, paOf, vaFrom } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { Dice } from "../support/dice.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { createCore } from "../support/raw-core.js";

const RUNS = 5;
const FIRST = vaFrom([1, 2, 3, 0]);
const PAGES = 64;

interface Tag {
  readonly name: number;
}

describe("tags by number", () => {
  const createTags = async <T>(): Promise<Tags<T>> => {
    const core = await createCore();
    return new Tags<T>(core, new Spaces(core)); // without an address, so that a sweep forgets all
  };

  test("any value is a tag, and is known by identity: NaN, undefined, an object and its copy", async () => {
    const tags = await createTags<unknown>();
    const object = {};
    const values = [undefined, null, Number.NaN, 0, "0", object, {}, []];
    const indexes = values.map((value) => tags.indexOf(value));
    expect(new Set(indexes).size).toBe(values.length);
    for (const [i, value] of values.entries()) expect(tags.indexOf(value)).toBe(indexes[i]);
    expect(indexes.map((index) => tags.all[index])).toEqual(values);
    expect(tags.indexOf(undefined)).toBe(indexes[0]);
    expect(tags.indexOf({})).toBe(values.length);
  });

  test("the tag used last is not remembered past a sweep that forgets it, nor past clearing", async () => {
    const tags = await createTags<string>();
    for (let i = 0; i < 1024; i++) tags.indexOf(`tag ${i}`);
    const before = tags.all;
    const again = tags.indexOf("tag 1023");
    expect(tags.all[again]).toBe("tag 1023");
    expect(tags.all.filter((tag) => tag !== undefined)).toEqual(["tag 1023"]);
    expect(before).toEqual(Array.from({ length: 1024 }, (_, i) => `tag ${i}`));
    tags.clear();
    expect(tags.all).toEqual([]);
    expect(tags.indexOf("tag 1023")).toBe(0);
    expect(tags.all).toEqual(["tag 1023"]);
  });

  test("a batch gets a number a tag, and one for all where there is one, over a sweep between batches", async () => {
    const tags = await createTags<number>();
    for (let batch = 0; batch < 5; batch++) {
      const some = Array.from({ length: 700 }, (_, i) => 1000 * batch + (i % 600));
      const indexes = tags.indexesOf(some) as Uint32Array;
      expect(Array.from(indexes, (index) => tags.all[index])).toEqual(some);
      expect(new Set(indexes).size).toBe(600);
    }
    expect(tags.all.length).toBeLessThan(2048);
    expect(tags.all[tags.indexesOf(-1) as number]).toBe(-1);
  });
});

describe("tags of a monitor", () => {
  forEachBuild(() => {
    test("each address keeps its first tag while thousands of others come, go and come back", async () => {
      const { memory } = new GuestDriver(new Guest(), { features: [] });
      const monitor = await PageTableMonitor.create<string>({ memory, arch: amd64(), maximumFrames: 16 });
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 1, max: 4000 }), (seed, distinct) => {
          const dice = new Dice(seed);
          const model = new Map<bigint, string>();
          for (let step = 0; step < 4000; step++) {
            const ctx = { va: FIRST + BigInt(dice.below(300)), root: 0x1000n };
            if (dice.below(2) === 0) {
              const tag = `tag ${dice.below(distinct)}`;
              monitor.monitor(ctx, 0, tag);
              if (!model.has(ctx.va)) model.set(ctx.va, tag);
            } else {
              monitor.unmonitorByForce(ctx, 0);
              model.delete(ctx.va);
            }
          }
          const wrong = [...model].filter(([va, tag]) => monitor.lookup({ va, root: 0x1000n }, 0)?.tag !== tag);
          expect(wrong).toEqual([]);
          for (const va of model.keys()) monitor.unmonitorByForce({ va, root: 0x1000n }, 0);
          expect(monitor.monitoredAddresses).toBe(0);
        }),
        { numRuns: RUNS },
      );
    });

    test("of 5000 tags that come and go all but those in use are let go, and event columns keep theirs", async () => {
      const guest = new Guest();
      const space = new AddressSpace(guest);
      const vas = Array.from({ length: PAGES }, (_, page) => FIRST + BigInt(page * PAGE_4K));
      for (const [page, va] of vas.entries()) space.map(va, paOf(0x900 + page));
      const { memory } = new GuestDriver(guest, { features: [] });
      const monitor = await PageTableMonitor.create<Tag>({ memory, arch: amd64(), maximumFrames: 16 });
      const at = (va: bigint): { va: bigint; root: bigint } => ({ va, root: space.root });
      // Some stay: one alone in its page, two in one page, one in another view, one whose path is cut.
      const unreadable = vaFrom([1, 2, 4, 0]);
      space.map(unreadable, paOf(0x1));
      guest.hide(space.tableGfn(unreadable, 1));
      const staying = [
        { ...at(vas[1] as bigint), view: 0 },
        { ...at((vas[2] as bigint) + 1n), view: 0 },
        { ...at((vas[2] as bigint) + 9n), view: 0 },
        { ...at(vas[1] as bigint), view: 7 },
        { ...at(unreadable), view: 0 },
      ].map(({ view, ...ctx }, name) => ({ ctx, view, tag: { name: -1 - name } }));
      for (const { ctx, view, tag } of staying) monitor.monitor(ctx, view, tag);

      const passing = vas.slice(4);
      const columns: { readonly tags: readonly Tag[]; readonly tagIndex: Uint32Array; readonly names: readonly number[] }[] = [];
      for (let name = 0; name < 5000; name += passing.length) {
        const tags = passing.map((_, i) => ({ name: name + i }));
        monitor.monitorMany(space.root, BigUint64Array.from(passing), 0, tags);
        const pde = space.entryPa(FIRST, 2);
        const pointer = guest.read(pde);
        monitor.markDirtyEntry(space.setEntry(FIRST, 2, 0n), 0, 0);
        const { tags: all, tagIndex, type, view } = monitor.processDirtyColumns(0);
        expect(type.every((each) => each === 0) && view.every((each) => each === 0)).toBe(true);
        columns.push({ tags: all, tagIndex, names: [-1, -2, -3, ...tags.map((tag) => tag.name)] });
        guest.write(pde, pointer);
        monitor.markDirtyEntry(pde, 0, 0);
        monitor.processDirtyColumns(0);
        for (const va of passing) monitor.unmonitor(at(va), 0);
      }
      for (const { tags, tagIndex, names } of columns) expect(Array.from(tagIndex, (index) => tags[index]?.name)).toEqual(names);
      for (const { ctx, view, tag } of staying) expect(monitor.lookup(ctx, view)?.tag).toBe(tag);
      monitor.markDirtyEntry(space.setEntry(FIRST, 2, 0n), 0, 0);
      const held = monitor.processDirtyColumns(0).tags.filter((tag) => tag !== undefined);
      expect(held.length).toBeLessThanOrEqual(2 * 1024);
    });

    test("an index that was freed and given again names the new tag, in lookups and events", async () => {
      const guest = new Guest();
      const space = new AddressSpace(guest);
      space.map(FIRST, paOf(0x900));
      const { memory } = new GuestDriver(guest, { features: [] });
      const monitor = await PageTableMonitor.create<string>({ memory, arch: amd64(), maximumFrames: 16 });
      const ctx = { va: FIRST, root: space.root };
      for (let i = 0; i < 3000; i++) {
        monitor.monitor(ctx, 0, `tag ${i}`);
        expect(monitor.lookup(ctx, 0)?.tag).toBe(`tag ${i}`);
        if (i % 500 === 0) {
          monitor.markDirtyEntry(space.setEntry(FIRST, 1, i % 1000 === 0 ? 0n : paOf(0x900) | 1n), 0, 0);
          expect(monitor.processDirtyEntries(0).map(({ tag }) => tag)).toEqual([`tag ${i}`]);
        }
        monitor.unmonitor(ctx, 0);
      }
    });
  });
});
