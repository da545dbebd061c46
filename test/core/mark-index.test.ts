/** Marks by (vCPU, view, GFN) over the open-addressing index, against a Map: many, colliding, coming and going. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.js";
import { CONTROL_MARKS, MARK_BITS, MARK_KEY, MARK_NEXT, MARK_VCPU, VCPU_HEADS } from "../../src/core/layout.js";
import { forEachBuild } from "../support/builds.js";
import { Dice } from "../support/dice.js";
import { bitsAt, createCore } from "../support/raw-core.js";

const RUNS = 8;
const VCPUS = [0, 1, 2, 3, 255, 256, 65535];
const VIEW_SHIFT = 40n;

type Marks = Map<number, Map<bigint, Set<number>>>;

/** The records of a vCPU, by its chain. */
function recordsOf(core: Core, vcpu: number): number[] {
  const records: number[] = [];
  for (let at = core.u32[VCPU_HEADS / 4 + vcpu]; at; at = core.u32[(at + MARK_NEXT) / 4]) records.push(at);
  return records;
}

function countRecords(core: Core): number {
  return VCPUS.reduce((sum, vcpu) => sum + recordsOf(core, vcpu).length, 0);
}

/** What the core holds: vCPU -> key -> entries. */
function marksIn(core: Core): Marks {
  const marks: Marks = new Map();
  for (const vcpu of VCPUS) {
    const records = recordsOf(core, vcpu);
    const held = new Map(records.map((at) => [core.u64[(at + MARK_KEY) / 8], new Set(bitsAt(core, at + MARK_BITS))]));
    expect(held.size).toBe(records.length); // a second record of a key means that the first was not found
    expect(records.every((at) => core.u32[(at + MARK_VCPU) / 4] === vcpu)).toBe(true);
    if (held.size > 0) marks.set(vcpu, held);
  }
  return marks;
}

interface Markable {
  readonly vcpu: number;
  readonly view: number;
  readonly gfn: number;
}

/**
 * Half of them collide: the vCPU goes into the hash where bits 32 to 47 of the key lie, so that changing the same bits of
 * both leaves the hash as it is. The other half are ordinary: neighbours, and spread over all that a GFN may be.
 */
function markables(dice: Dice): Markable[] {
  const base = dice.below(2 ** 32);
  return VCPUS.flatMap((vcpu) =>
    Array.from({ length: 60 }, (_, i) => {
      const colliding = { vcpu, view: vcpu >>> 8, gfn: base + (i % 4) + (vcpu & 0xff) * 2 ** 32 };
      const ordinary = { vcpu, view: dice.below(3) * 32767, gfn: i % 3 === 0 ? i : dice.below(2 ** 20) * 2 ** 20 + dice.below(2 ** 20) };
      return i % 2 === 0 ? colliding : ordinary;
    }),
  );
}

describe("the index of marks", () => {
  forEachBuild(() => {
    test("holds exactly what was marked and not spent, each (vCPU, view, GFN) once, however keys collide", async () => {
      const core = await createCore();
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const dice = new Dice(seed);
          const some = markables(dice);
          const model: Marks = new Map();
          core.exports.clearAllMarks();
          for (let step = 0; step < 1500; step++) {
            if (dice.below(150) === 0) {
              const vcpu = dice.pick(VCPUS);
              core.exports.clearMarks(vcpu);
              model.delete(vcpu);
              continue;
            }
            const { vcpu, view, gfn } = dice.pick(some);
            const entry = dice.below(512);
            core.exports.mark(vcpu, view, gfn, entry);
            const held = model.get(vcpu) ?? new Map<bigint, Set<number>>();
            model.set(vcpu, held);
            const key = (BigInt(view) << VIEW_SHIFT) | BigInt(gfn);
            held.set(key, (held.get(key) ?? new Set()).add(entry));
          }
          expect(marksIn(core)).toEqual(model);
          expect(core.control(CONTROL_MARKS)).toBe([...model.values()].reduce((sum, held) => sum + held.size, 0));
        }),
        { numRuns: RUNS },
      );
    });

    test("grows to thousands, and is as new once all are spent, in whatever order", async () => {
      const core = await createCore();
      const dice = new Dice(7);
      const perVcpu = 900;
      for (let i = 0; i < perVcpu; i++) for (const vcpu of VCPUS) core.exports.mark(vcpu, 9, 3 * i, vcpu & 511);
      for (let i = 0; i < perVcpu; i++) for (const vcpu of VCPUS) core.exports.mark(vcpu, 9, 3 * i, 5);
      let left = perVcpu * VCPUS.length;
      expect(core.control(CONTROL_MARKS)).toBe(left);
      for (const vcpu of dice.shuffled(VCPUS)) {
        core.exports.clearMarks(vcpu);
        left -= perVcpu;
        expect(core.control(CONTROL_MARKS)).toBe(left);
        core.exports.clearMarks(vcpu); // nothing is left of it
        expect(countRecords(core)).toBe(left);
      }
      expect(core.exports.mark(0, 9, 3, 1)).toBe(0);
      expect(marksIn(core)).toEqual(new Map([[0, new Map([[(9n << VIEW_SHIFT) | 3n, new Set([1])]])]]));
    });

    test("a range is each entry of it", async () => {
      const core = await createCore();
      fc.assert(
        fc.property(fc.nat(511), fc.nat(511), fc.nat(511), (one, other, alone) => {
          core.exports.clearAllMarks();
          core.exports.mark(1, 2, 3, alone);
          const first = Math.min(one, other);
          const last = Math.max(one, other);
          expect(core.exports.markRange(1, 2, 3, first, last)).toBe(0);
          const expected = new Set([alone, ...Array.from({ length: last - first + 1 }, (_, i) => first + i)]);
          expect(marksIn(core)).toEqual(new Map([[1, new Map([[(2n << VIEW_SHIFT) | 3n, expected]])]]));
        }),
        { numRuns: 40 },
      );
    });
  });
});
