/** What `changes` says of two states, against the difference of two naive listings, on every build of the core. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { amd64, changes, type UnreadableTable } from "../../src/index.js";
import { forEachBuild } from "../support/builds.js";
import { asInCr3, modePlan } from "./modes.js";
import { changesNaively, listNaively } from "./naive.js";
import { buildWorld, changePlan, changeWorld, memoryOf, rangePlan, readerOf, worldPlan } from "./worlds.js";

const MOST_LEAVES = 20_000;
const RUNS = 200;

forEachBuild(() => {
  it("says on random worlds in which two naive listings differ", async () => {
    await fc.assert(
      fc.asyncProperty(worldPlan, changePlan, modePlan, rangePlan, async (plan, change, mode, range) => {
        const before = buildWorld(plan);
        const after = changeWorld(before, change);
        const { root } = before;
        const naive = [before, after].map(({ guest }) => listNaively(readerOf(guest), mode, root, range));
        fc.pre(naive.every(({ leaves }) => leaves.length < MOST_LEAVES));
        const unreadable: UnreadableTable[] = [];
        const found = await changes(memoryOf(before.guest), memoryOf(after.guest), {
          root: asInCr3(root, mode),
          arch: amd64(mode),
          maximumFrames: 256,
          ...(range && { range }),
          onUnreadable: (table) => unreadable.push(table),
        });
        expect([...found]).toEqual(changesNaively(naive[0], naive[1]));
        const said = unreadable.map((table) => `${table.in} ${table.gfn}`);
        expect(new Set(said).size).toBe(said.length);
        for (const { in: side, ...table } of unreadable) {
          const all = naive[side === "before" ? 0 : 1];
          expect(all.gaps.map(({ va }) => va)).toContain(table.va);
          expect(all.unreadable.map(({ gfn }) => gfn)).toContain(table.gfn);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
