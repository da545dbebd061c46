/** What `mappings` lists, against a naive listing on random worlds, on every build of the core. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { amd64, type Mapping, mappings, type UnreadableTable } from "../../src/index.js";
import { forEachBuild } from "../support/builds.js";
import { asInCr3, modePlan } from "./modes.js";
import { listNaively, stretchesOf } from "./naive.js";
import { buildWorld, memoryOf, rangePlan, readerOf, worldPlan } from "./worlds.js";

const MOST_LEAVES = 20_000;
const RUNS = 150;

forEachBuild(() => {
  it("lists on random worlds what a naive listing finds", async () => {
    await fc.assert(
      fc.asyncProperty(worldPlan, modePlan, rangePlan, async (plan, mode, range) => {
        const { guest, root } = buildWorld(plan);
        const expected = listNaively(readerOf(guest), mode, root, range);
        fc.pre(expected.leaves.length < MOST_LEAVES);
        const unreadable: UnreadableTable[] = [];
        const found = await mappings(memoryOf(guest), {
          root: asInCr3(root, mode),
          arch: amd64(mode),
          maximumFrames: 64,
          ...(range && { range }),
          onUnreadable: (table) => unreadable.push(table),
        });
        const listed: Mapping[] = [...found];
        expect(listed).toEqual(stretchesOf(expected.leaves));
        expect(unreadable).toEqual(expected.unreadable.map((table) => ({ ...table, in: "after" })));
      }),
      { numRuns: RUNS },
    );
  });
});
