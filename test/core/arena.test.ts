/** The arena's blocks: each byte belongs to one block at a time, and what is exhausted says so. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.js";
import { ARENA, CONTROL_END, CONTROL_MARKS, FRAME_BYTES } from "../../src/core/layout.js";
import { forEachBuild } from "../support/builds.js";
import { createCore } from "../support/raw-core.js";

const RUNS = 30;
const LARGEST_LOG2 = 30;
const PAGE_LOG2 = 12;
const SMALLEST_LOG2 = 3;
const MARKED_ONLY = 0;
const MARKED_NOT = 2;

interface Block {
  readonly at: number;
  readonly log2: number;
}

function allocate(core: Core, log2: number): number {
  return core.exports.allocate(log2) >>> 0;
}

/** The blocks that overlap, that are not aligned, or that lie outside the arena. */
function misplaced(core: Core, blocks: readonly Block[]): Block[] {
  const ordered = [...blocks].sort((a, b) => a.at - b.at);
  return ordered.filter(({ at, log2 }, place) => {
    const next = ordered[place + 1];
    const end = at + 2 ** log2;
    return at < ARENA || end > (next?.at ?? core.control(CONTROL_END)) || at % Math.min(2 ** log2, FRAME_BYTES) !== 0;
  });
}

/** Takes all that is left, from large blocks to small ones. */
function exhaust(core: Core): Block[] {
  const blocks: Block[] = [];
  for (let log2 = LARGEST_LOG2; log2 >= SMALLEST_LOG2; log2--) {
    for (let at = allocate(core, log2); at; at = allocate(core, log2)) blocks.push({ at, log2 });
  }
  return blocks;
}

describe("the arena", () => {
  forEachBuild(() => {
    test("blocks that are out never overlap, and are aligned to their size up to a page", async () => {
      const core = await createCore();
      const step = fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: SMALLEST_LOG2, max: 15 }).map((log2) => ({ type: "allocate" as const, log2 })) },
        { weight: 2, arbitrary: fc.nat().map((which) => ({ type: "release" as const, which })) },
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
          core.exports.resetMonitor();
          const live: Block[] = [];
          for (const next of steps) {
            if (next.type === "allocate") {
              const at = allocate(core, next.log2);
              expect(at).not.toBe(0);
              core.u8.fill(next.log2, at, at + 2 ** next.log2);
              live.push({ at, log2: next.log2 });
            } else if (live.length > 0) {
              const [{ at, log2 }] = live.splice(next.which % live.length, 1) as [Block];
              core.exports.release(at, log2);
            }
          }
          expect(misplaced(core, live)).toEqual([]);
          // What is kept in freed blocks never spills into one that is out.
          expect(live.filter(({ at, log2 }) => core.u8.subarray(at, at + 2 ** log2).some((byte) => byte !== log2))).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    });

    test("exhausted, it has given out every byte once, answers 0 for any size, and gives again what is released", async () => {
      const core = await createCore();
      const page = { at: allocate(core, PAGE_LOG2), log2: PAGE_LOG2 };
      const blocks = [page, ...exhaust(core)];
      expect(misplaced(core, blocks)).toEqual([]);
      expect(blocks.reduce((sum, { log2 }) => sum + 2 ** log2, 0)).toBe(core.control(CONTROL_END) - ARENA);
      for (let log2 = SMALLEST_LOG2; log2 <= LARGEST_LOG2; log2++) expect(allocate(core, log2)).toBe(0);

      core.exports.release(page.at, PAGE_LOG2);
      expect(allocate(core, PAGE_LOG2 + 1)).toBe(0);
      expect(allocate(core, PAGE_LOG2)).toBe(page.at);
      expect(allocate(core, PAGE_LOG2)).toBe(0);
    });

    test("where nothing is left a mark is refused and nothing has changed; once there is room it is taken", async () => {
      const core = await createCore();
      const { exports } = core;
      expect(exports.mark(1, 0, 0x1000, 7)).toBe(MARKED_ONLY);
      exhaust(core);
      let marks = 1;
      let status = MARKED_ONLY;
      for (let gfn = 0x2000; status === MARKED_ONLY; gfn++) {
        status = exports.mark(1, 0, gfn, 7);
        if (status === MARKED_ONLY) marks++;
      }
      expect(status).toBe(MARKED_NOT);
      expect(core.control(CONTROL_MARKS)).toBe(marks);
      expect(exports.mark(1, 0, 0x1000, 8)).toBe(MARKED_ONLY); // its bitmap is there
      expect(exports.mark(2, 0, 0x1000, 8)).toBe(MARKED_NOT);
      expect(core.control(CONTROL_MARKS)).toBe(marks);
      expect(exports.markRange(3, 0, 0x1000, 0, 511) >>> 0).toBe(0xffff_ffff);

      exports.resetMonitor();
      expect(exports.mark(2, 0, 0x1000, 8)).toBe(MARKED_ONLY);
      expect(core.control(CONTROL_MARKS)).toBe(marks + 1);
    });
  });
});
