/** Scans of one table's 512 entries, against the naive walker asked about each entry by itself. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.js";
import { ENTRIES, KIND_LEAF, KIND_MALFORMED, KIND_NOT_PRESENT, KIND_TABLE } from "../../src/core/layout.js";
import { walk } from "../oracle/walker.js";
import { P, PS } from "../support/amd64-bits.js";
import { forEachBuild, walkModeOf } from "../support/builds.js";
import type { ModeOptions } from "../support/subject.js";
import { arbitraryTable, MODES } from "./arbitraries.js";
import { bitsAt, bytesAt, createCore, framesOf, tableAt, writeTable } from "./raw-core.js";

const RUNS = 25;
const KINDS = [KIND_NOT_PRESENT, KIND_TABLE, KIND_LEAF, KIND_MALFORMED];
const EVERY = Array.from({ length: ENTRIES }, (_, index) => index);
const ADDRESS_BITS = 0x000f_ffff_ffff_f000n;
const LARGEST_GFN = 2 ** 40 - 1;

/** What the naive walk makes of `entry` where it meets it at `level`, tables being all that comes before. */
function kindOf(mode: ModeOptions, level: number, entry: bigint): number {
  const walkMode = walkModeOf(mode);
  let at = walkMode.levels as number;
  const { pa, fault } = walk(walkMode, 0n, 0n, () => {
    const met = at--;
    return met > level ? P : met === level ? entry : undefined;
  });
  if (pa !== undefined) return KIND_LEAF;
  return fault === "not-present" ? KIND_NOT_PRESENT : fault === "reserved-bit" ? KIND_MALFORMED : KIND_TABLE;
}

const arbitraryModeAndLevel = fc.nat(MODES.length - 1).chain((place) => {
  const mode = MODES[place] as ModeOptions;
  return fc.record({ place: fc.constant(place), mode: fc.constant(mode), level: fc.integer({ min: 1, max: mode.levels ?? 4 }) });
});

describe("scans of a table", () => {
  forEachBuild(() => {
    let cores: readonly Core[];
    beforeAll(async () => {
      cores = await Promise.all(MODES.map((mode) => createCore(mode)));
    });

    test("each entry is of the one kind that a walk makes of it, at every level of every mode", () => {
      fc.assert(
        fc.property(arbitraryModeAndLevel, arbitraryTable, ({ place, mode, level }, table) => {
          const core = cores[place] as Core;
          const [frame, bitmap] = framesOf(core, 2) as [number, number];
          writeTable(core, frame, table);
          const kinds = [...table].map((entry) => kindOf(mode, level, entry));
          for (const kind of KINDS) {
            const expected = EVERY.filter((index) => kinds[index] === kind);
            core.u8.fill(0xff, bitmap, bitmap + 128);
            expect(core.exports.entriesOfKind(frame, level, kind, bitmap)).toBe(expected.length);
            expect(bitsAt(core, bitmap)).toEqual(expected);
            expect(core.u8.subarray(bitmap + 64, bitmap + 128).every((byte) => byte === 0xff)).toBe(true);
          }
          expect(tableAt(core, frame)).toEqual(table);
          core.exports.release(frame, 12);
          core.exports.release(bitmap, 12);
        }),
        { numRuns: RUNS },
      );
    });

    test("a self-map is the first entry that leads a walk back to the table", () => {
      const gfns = fc.oneof(fc.integer({ min: 0, max: LARGEST_GFN }), fc.constantFrom(0, 1, 2 ** 24 - 1, 2 ** 32 + 5, LARGEST_GFN));
      const writes = fc.array(fc.tuple(fc.nat(ENTRIES - 1), fc.constantFrom(P, 0n, P | PS, P | (1n << 63n), P | (0xfn << 8n))), {
        maxLength: 6,
      });
      fc.assert(
        fc.property(arbitraryModeAndLevel, arbitraryTable, gfns, writes, ({ place, mode, level }, table, gfn, leading) => {
          const core = cores[place] as Core;
          const [frame] = framesOf(core, 1) as [number];
          for (const [index, flags] of leading) table[index] = (BigInt(gfn) << 12n) | flags;
          writeTable(core, frame, table);
          const cleared = ADDRESS_BITS & ~(mode.encryptionMask ?? 0n);
          const first = EVERY.find((index) => {
            const entry = table[index] as bigint;
            return kindOf(mode, level, entry) === KIND_TABLE && (entry & cleared) >> 12n === BigInt(gfn);
          });
          expect(core.exports.selfMapAt(frame, level, gfn)).toBe(first ?? ENTRIES);
          core.exports.release(frame, 12);
        }),
        { numRuns: 2 * RUNS },
      );
    });

    test("a frame is zero only where each of its bits is, whatever stands beside it", () => {
      const core = cores[0] as Core;
      const [low, frame, high] = framesOf(core, 3) as [number, number, number];
      bytesAt(core, low).fill(0xff);
      bytesAt(core, high).fill(0xff);
      const bytes = bytesAt(core, frame).fill(0);
      expect(core.exports.isZeroFrame(frame)).toBe(1);
      const missed: number[] = [];
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        bytes[bit >>> 3] = 1 << (bit & 7);
        if (core.exports.isZeroFrame(frame) !== 0) missed.push(bit);
        bytes[bit >>> 3] = 0;
      }
      expect(missed).toEqual([]);
      expect(core.exports.isZeroFrame(0)).toBe(1);
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
          const core = cores[0] as Core;
          core.batchIn.set(list);
          const first = list.findIndex((va) => BigInt.asUintN(64, BigInt.asIntN(bits, va)) !== va);
          expect(core.exports.firstNonCanonical(list.length, bits)).toBe(first === -1 ? list.length : first);
        }),
        { numRuns: 3 * RUNS },
      );
    });
  });
});
