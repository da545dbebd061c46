/** Random worlds, each with what a naive listing finds in it: what listings of every kind are held against. */

import fc from "fast-check";
import { amd64, type GuestMemory, type SpaceOptions } from "../../src/index.js";
import { asInCr3, modePlan } from "./modes.js";
import { listNaively, type NaiveListing } from "./naive.js";
import { buildWorld, memoryOf, rangePlan, readerOf, worldPlan } from "./worlds.js";

const MOST_LEAVES = 20_000;
const RUNS = 150;

/** Has `check` look at many worlds; what it is to ask of each stands in `options`. */
export async function onRandomSpaces(
  check: (memory: GuestMemory, options: SpaceOptions, expected: NaiveListing) => Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(worldPlan, modePlan, rangePlan, async (plan, mode, range) => {
      const { guest, root } = buildWorld(plan);
      const expected = listNaively(readerOf(guest), mode, root, range);
      fc.pre(expected.leaves.length < MOST_LEAVES);
      await check(memoryOf(guest), { root: asInCr3(root, mode), arch: amd64(mode), maximumFrames: 64, ...(range && { range }) }, expected);
    }),
    { numRuns: RUNS },
  );
}
