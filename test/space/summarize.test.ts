/** What `summarize` counts, against a count of the naive listing. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { amd64, summarize } from "../../src/index.js";
import { forEachBuild } from "../support/builds.js";
import { asInCr3, modePlan } from "./modes.js";
import { accessObject, type Leaf, listNaively } from "./naive.js";
import { buildWorld, memoryOf, rangePlan, readerOf, worldPlan } from "./worlds.js";

const MOST_LEAVES = 20_000;
const RUNS = 150;

forEachBuild(() => {
  it("counts on random worlds what a naive listing holds, by page size and access", async () => {
    await fc.assert(
      fc.asyncProperty(worldPlan, modePlan, rangePlan, async (plan, mode, range) => {
        const { guest, root } = buildWorld(plan);
        const expected = listNaively(readerOf(guest), mode, root, range);
        fc.pre(expected.leaves.length < MOST_LEAVES);
        const unreadable: number[] = [];
        const summary = await summarize(memoryOf(guest), {
          root: asInCr3(root, mode),
          arch: amd64(mode),
          maximumFrames: 64,
          ...(range && { range }),
          onUnreadable: ({ gfn }) => unreadable.push(gfn),
        });
        expect(asMap(summary.parts.map((part) => [part.access, part.pageSize, part.pages, part.bytes]))).toEqual(countsOf(expected.leaves));
        expect(summary.pages).toBe(expected.leaves.length);
        expect(summary.bytes).toBe(expected.leaves.reduce((sum, { length }) => sum + length, 0n));
        expect(unreadable).toEqual(expected.unreadable.map(({ gfn }) => gfn));
      }),
      { numRuns: RUNS },
    );
  });
});

type Row = readonly [access: object, pageSize: number, pages: number, bytes: bigint];

function asMap(rows: readonly Row[]): Map<string, readonly [number, bigint]> {
  return new Map(rows.map(([access, pageSize, pages, bytes]) => [`${JSON.stringify(access)} ${pageSize}`, [pages, bytes]]));
}

function countsOf(leaves: readonly Leaf[]): Map<string, readonly [number, bigint]> {
  const counts = new Map<string, readonly [number, bigint]>();
  for (const { access, pageSize, length } of leaves) {
    const key = `${JSON.stringify(accessObject(access))} ${pageSize}`;
    const [pages, bytes] = counts.get(key) ?? [0, 0n];
    counts.set(key, [pages + 1, bytes + length]);
  }
  return counts;
}
