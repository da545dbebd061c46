/**
 * The model test: random scenarios on the monitor and on the naive oracle, compared after every operation.
 *
 * SCENARIOS says how many in all (20,000), spread over the builds of the core; SEED runs that one alone, with those before it
 * in its block. A failure is shrunk and printed whole: seed, world, operations, and what differs.
 */

import { describe, expect, test } from "vitest";
import { BUILD_NAMES, createReal, forEachBuild } from "../support/builds.js";
import { BLOCK } from "../support/model/generate.js";
import { runSeries } from "../support/model/series.js";

const SCENARIOS = Number(process.env.SCENARIOS ?? 20_000);
const ONE_SEED = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
const TIMEOUT_MS = 20_000 + SCENARIOS * 20;

/** Whole blocks, so that no build begins in the middle of one. */
const SHARE = Math.ceil(SCENARIOS / BUILD_NAMES.length / BLOCK) * BLOCK;

describe("the monitor against the oracle", () => {
  forEachBuild((build) => {
    const first = BUILD_NAMES.indexOf(build) * SHARE;
    const [from, to] = ONE_SEED === undefined ? [first, first + SHARE] : [ONE_SEED - (ONE_SEED % BLOCK), ONE_SEED + 1];

    test(
      `they say the same in scenarios ${from} to ${to - 1}`,
      async () => {
        const failure = await runSeries(from, to, createReal);
        if (failure !== undefined) {
          expect.fail(`caught after ${failure.seed - from + 1} scenarios\n${failure.report}`);
        }
      },
      TIMEOUT_MS,
    );
  });
});
