/** Frames that are looked at for roots: what a frame is classed as and judged by, against the naive walker asked about each entry. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.js";
import * as layout from "../../src/core/layout.js";
import { walk } from "../oracle/walker.js";
import { P, PS } from "../support/amd64-bits.js";
import { forEachBuild, walkModeOf } from "../support/builds.js";
import { createCore, writeTable } from "../support/raw-core.js";
import type { ModeOptions } from "../support/subject.js";
import { arbitraryTable, MODES } from "./arbitraries.js";

const { ENTRIES, FRAME_BYTES, KIND_LEAF, KIND_MALFORMED, KIND_NOT_PRESENT, KIND_TABLE, READS_LENGTH, STAGING } = layout;
const RUNS = 50;
const EVERY = Array.from({ length: ENTRIES }, (_, index) => index);
const ADDRESS_BITS = 0x000f_ffff_ffff_f000n;
const LARGEST_GFN = 2 ** 40 - 1;
const MOST_TABLES = 4;

/** What the naive walk makes of `entry` where it meets it at the top, tables being all that comes before. */
function kindOf(mode: ModeOptions, entry: bigint): number {
  const walkMode = walkModeOf(mode);
  let isFirst = true;
  const { pa, fault } = walk(walkMode, 0n, 0n, () => {
    const met = isFirst ? entry : undefined;
    isFirst = false;
    return met;
  });
  if (pa !== undefined) return KIND_LEAF;
  return fault === "not-present" ? KIND_NOT_PRESENT : fault === "reserved-bit" ? KIND_MALFORMED : KIND_TABLE;
}

/** Has the frames of the staging area classed as those from GFN 0 on; their classes, a byte each. */
function classesOf(core: Core, count: number): Uint8Array {
  new Float64Array(core.u8.buffer, layout.CONTROL + layout.CONTROL_FRAME_LIMIT, 1)[0] = LARGEST_GFN;
  const gfns = new Float64Array(core.u8.buffer, layout.READ_GFNS, count);
  for (let place = 0; place < count; place++) {
    gfns[place] = place;
    core.u8[layout.READ_FLAGS + place] = 1;
  }
  core.exports.scanFrames(count);
  const block = core.exports.classBlock(0) >>> 0;
  return core.u8.slice(block, block + count);
}

/** Has a table judged as a root at `gfn`, where no other frame is known. */
function judged(core: Core, gfn: number, table: BigUint64Array): { tables: number; malformed: number; selfMap: number } {
  const { exports } = core;
  exports.beginSpaces(MOST_TABLES);
  expect(exports.judgeRoot(gfn, core.mode.modeId)).toBe(layout.SPACE_WANT_FRAMES);
  writeTable(core, STAGING + layout.SIDE_AFTER * layout.HALF_STAGING, table);
  core.u8[layout.READ_FLAGS + layout.SIDE_AFTER * layout.HALF_READS] = 1;
  expect(exports.absorbFrames()).toBe(1);
  expect(exports.judgeRoot(gfn, core.mode.modeId)).toBe(layout.SPACE_DONE);
  const fact = (offset: number) => core.u32[(layout.BATCH_OUT + offset) >>> 2] as number;
  return { tables: fact(layout.FACT_TABLES), malformed: fact(layout.FACT_MALFORMED), selfMap: fact(layout.FACT_SELF_MAP) };
}

describe("frames looked at for roots", () => {
  forEachBuild(() => {
    let cores: readonly Core[];
    beforeAll(async () => {
      cores = await Promise.all(MODES.map((mode) => createCore(mode)));
    });

    test("a root's entries are counted as what a walk makes of them, and its self-map is the first that leads back to it", () => {
      const gfns = fc.oneof(fc.integer({ min: 0, max: LARGEST_GFN }), fc.constantFrom(0, 1, 2 ** 24 - 1, 2 ** 32 + 5, LARGEST_GFN));
      const writes = fc.array(fc.tuple(fc.nat(ENTRIES - 1), fc.constantFrom(P, 0n, P | PS, P | (1n << 63n), P | (0xfn << 8n))), {
        maxLength: 6,
      });
      fc.assert(
        fc.property(fc.nat(MODES.length - 1), arbitraryTable, gfns, writes, (place, table, gfn, leading) => {
          const mode = MODES[place] as ModeOptions;
          for (const [index, flags] of leading) table[index] = (BigInt(gfn) << 12n) | flags;
          const kinds = [...table].map((entry) => kindOf(mode, entry));
          const cleared = ADDRESS_BITS & ~(mode.encryptionMask ?? 0n);
          const selfMap = EVERY.find((index) => kinds[index] === KIND_TABLE && ((table[index] as bigint) & cleared) >> 12n === BigInt(gfn));
          expect(judged(cores[place] as Core, gfn, table)).toEqual({
            tables: kinds.filter((kind) => kind === KIND_TABLE).length,
            malformed: kinds.filter((kind) => kind !== KIND_TABLE && kind !== KIND_NOT_PRESENT).length,
            selfMap: selfMap ?? ENTRIES,
          });
        }),
        { numRuns: RUNS },
      );
    });

    test("a frame is zero only where each of its bits is, whatever stands beside it", () => {
      const core = cores[0] as Core;
      core.exports.beginSpaces(MOST_TABLES);
      const isZero = (classed: number | undefined) => ((classed ?? 0) & layout.CLASS_ZERO) !== 0;
      const staged = core.u8.subarray(STAGING, STAGING + READS_LENGTH * FRAME_BYTES);
      const missed: number[] = [];
      for (let first = 0; first < 8 * FRAME_BYTES; first += READS_LENGTH) {
        staged.fill(0);
        const setIn = (place: number) => place * FRAME_BYTES + ((first + place) >>> 3);
        for (let place = 0; place < READS_LENGTH; place++) staged[setIn(place)] = 1 << (place & 7);
        missed.push(...[...classesOf(core, READS_LENGTH)].flatMap((classed, place) => (isZero(classed) ? [first + place] : [])));
      }
      expect(missed).toEqual([]);
      staged.fill(0xff);
      staged.fill(0, FRAME_BYTES, 2 * FRAME_BYTES);
      expect([...classesOf(core, 3)].map(isZero)).toEqual([false, true, false]);
    });
  });
});
