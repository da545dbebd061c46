/** What `changesOfRoots` says: all that `changes` says of each root, and what they share once. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { amd64, type Change, changes, changesOfRoots } from "../../src/index.js";
import { paOf } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { listNaively } from "./naive.js";
import { buildWorld, changePlan, changeWorld, memoryOf, readerOf, worldPlan } from "./worlds.js";

const MOST_LEAVES = 5_000;
const SLOT_BYTES = 1n << 39n;

forEachBuild(() => {
  it("says on random worlds of each root what changes() says of it alone, and of slots in common once", async () => {
    await fc.assert(
      fc.asyncProperty(worldPlan, changePlan, async (plan, change) => {
        const before = buildWorld(plan);
        const after = changeWorld(before, change);
        const roots = [0x10, 0x11, 0x12].map(paOf);
        const mode = { levels: 4, physicalAddressBits: 52, encryptionMask: 0n } as const;
        fc.pre(
          roots.every((root) => [before, after].every(({ guest }) => listNaively(readerOf(guest), mode, root).leaves.length < MOST_LEAVES)),
        );
        const memories = [memoryOf(before.guest), memoryOf(after.guest)] as const;
        const shared = [...(await changesOfRoots(...memories, { roots, arch: amd64(), maximumFrames: 256 }))];
        for (const root of roots) {
          const alone = [...(await changes(...memories, { root, arch: amd64(), maximumFrames: 256 }))];
          const ofRoot = shared.filter(({ roots: of }) => of.includes(root));
          expect(ofRoot.flatMap(cutAtSlots)).toEqual(alone.flatMap(cutAtSlots));
        }
        const said = shared.flatMap((row) => cutAtSlots(row).map((cut) => JSON.stringify([row.roots, cut], text)));
        expect(new Set(said).size).toBe(said.length);
      }),
      { numRuns: 60 },
    );
  });
});

function text(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** A stretch may end where the roots in common change: at a top-level slot. */
function cutAtSlots(change: Change): Change[] {
  const { type, va, length, before, after } = change;
  const parts: Change[] = [];
  for (let from = va; from < va + length; ) {
    const end = [(from / SLOT_BYTES + 1n) * SLOT_BYTES, va + length].reduce((a, b) => (a < b ? a : b));
    const shifted = (backing: NonNullable<Change["before"]>): NonNullable<Change["before"]> => ({
      ...backing,
      pa: backing.pa + (from - va),
    });
    parts.push({ type, va: from, length: end - from, ...(before && { before: shifted(before) }), ...(after && { after: shifted(after) }) });
    from = end;
  }
  return parts;
}
