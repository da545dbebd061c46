/** The masked comparison of two copies of a table, against entry by entry in plain JS. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.js";
import { ENTRIES } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { bytesAt, createCore, framesOf, tableAt, writeBitmap, writeTable } from "../support/raw-core.js";
import { arbitraryEntrySet, arbitraryTable } from "./arbitraries.js";

const RUNS = 60;
const CANARY = 0xabcd;
const EVERY = Array.from({ length: ENTRIES }, (_, index) => index);

interface Places {
  readonly before: number;
  readonly after: number;
  readonly mask: number;
  readonly out: number;
}

/** Frames, each with a neighbour that differs from all: who reads past an end sees a change that is none. */
function placesOf(core: Core): Places {
  const [low, before, between, after, high, mask, out] = framesOf(core, 7) as [number, number, number, number, number, number, number];
  bytesAt(core, low).fill(0x11);
  bytesAt(core, between).fill(0x22);
  bytesAt(core, high).fill(0x33);
  return { before, after, mask, out };
}

/** What the kernel answers, and that it writes its answer and nothing else. */
function diff(core: Core, places: Places, before: BigUint64Array, after: BigUint64Array, mask: Iterable<number>): number[] {
  const { out } = places;
  writeTable(core, places.before, before);
  writeTable(core, places.after, after);
  writeBitmap(core, places.mask, mask);
  const answers = new Uint16Array(core.u8.buffer, out, ENTRIES + 1).fill(CANARY);
  const count = core.exports.diffTable(places.before, places.after, places.mask, out);
  expect([...answers.subarray(count)].every((word) => word === CANARY)).toBe(true);
  expect(tableAt(core, places.before)).toEqual(before);
  expect(tableAt(core, places.after)).toEqual(after);
  return [...answers.subarray(0, count)];
}

describe("the comparison of two copies of a table", () => {
  forEachBuild(() => {
    test("names exactly the entries that differ and that the mask has, ascending", async () => {
      const core = await createCore();
      const places = placesOf(core);
      const changes = fc.array(fc.tuple(fc.nat(ENTRIES - 1), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), { maxLength: 60 });
      fc.assert(
        fc.property(arbitraryTable, changes, arbitraryEntrySet, (before, written, mask) => {
          const after = before.slice();
          for (const [index, value] of written) after[index] = value;
          expect(diff(core, places, before, after, mask)).toEqual(
            EVERY.filter((index) => before[index] !== after[index] && mask.has(index)),
          );
        }),
        { numRuns: RUNS },
      );
    });

    test("sees a difference of any single bit of any entry", async () => {
      const core = await createCore();
      const { before, after, mask, out } = placesOf(core);
      const zeros = new BigUint64Array(ENTRIES);
      writeTable(core, before, zeros);
      writeTable(core, after, zeros);
      writeBitmap(core, mask, EVERY);
      const answer = new Uint16Array(core.u8.buffer, out, ENTRIES);
      const missed: string[] = [];
      for (let index = 0; index < ENTRIES; index++) {
        for (let bit = 0; bit < 64; bit++) {
          core.u64[after / 8 + index] = 1n << BigInt(bit);
          if (core.exports.diffTable(before, after, mask, out) !== 1 || answer[0] !== index) missed.push(`${index}: ${bit}`);
        }
        core.u64[after / 8 + index] = 0n;
      }
      expect(missed).toEqual([]);
    });

    test("names all 512 where all differ, and none where the mask is empty or the copies are one", async () => {
      const core = await createCore();
      const places = placesOf(core);
      const ones = new BigUint64Array(ENTRIES).fill(2n ** 64n - 1n);
      expect(diff(core, places, new BigUint64Array(ENTRIES), ones, EVERY)).toEqual(EVERY);
      expect(diff(core, places, new BigUint64Array(ENTRIES), ones, [])).toEqual([]);
      expect(core.exports.diffTable(places.after, places.after, places.mask, places.out)).toBe(0);
    });
  });
});
