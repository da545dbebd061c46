/** What `summarize` counts, against a count of the naive listing. */

import { expect, it } from "vitest";
import { summarize } from "../../src/index.js";
import { forEachBuild } from "../support/builds.js";
import { accessObject, type Leaf } from "./naive.js";
import { onRandomSpaces } from "./random-spaces.js";

forEachBuild(() => {
  it("counts on random worlds what a naive listing holds, by page size and access", async () => {
    await onRandomSpaces(async (memory, options, expected) => {
      const unreadable: number[] = [];
      const summary = await summarize(memory, { ...options, onUnreadable: ({ gfn }) => unreadable.push(gfn) });
      expect(asMap(summary.parts.map((part) => [part.access, part.pageSize, part.pages, part.bytes]))).toEqual(countsOf(expected.leaves));
      expect(summary.pages).toBe(expected.leaves.length);
      expect(summary.bytes).toBe(expected.leaves.reduce((sum, { length }) => sum + length, 0n));
      expect(unreadable).toEqual(expected.unreadable.map(({ gfn }) => gfn));
    });
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
