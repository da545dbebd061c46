/** Canonical addresses: the look over a whole batch, against BigInt's own sign extension. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.js";
import { forEachBuild } from "../support/builds.js";
import { createCore } from "../support/raw-core.js";

const RUNS = 75;

describe("a batch of addresses", () => {
  forEachBuild(() => {
    let core: Core;
    beforeAll(async () => {
      core = await createCore();
    });

    test("the first VA that is not canonical is found, for any number of address bits", () => {
      const vas = fc.array(
        fc.oneof(
          fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          fc
            .tuple(fc.integer({ min: 30, max: 62 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
            .map(([bits, va]) => BigInt.asUintN(64, BigInt.asIntN(bits, va))),
        ),
        { maxLength: 12 },
      );
      fc.assert(
        fc.property(vas, fc.constantFrom(39, 48, 57), (list, bits) => {
          core.batchIn.set(list);
          const first = list.findIndex((va) => BigInt.asUintN(64, BigInt.asIntN(bits, va)) !== va);
          expect(core.exports.firstNonCanonical(list.length, bits)).toBe(first === -1 ? list.length : first);
        }),
        { numRuns: RUNS },
      );
    });
  });
});
