/** How marking a range is said to the core: no more calls for a gigabyte than for a few frames. */

import { expect, test, vi } from "vitest";
import type { Core } from "../../src/core/core.js";
import { MarkedRanges } from "../../src/monitor/marked-ranges.js";
import { Marking } from "../../src/monitor/marking.js";

const GIB = 2 ** 30;

test("the whole frames of the largest range are one interval and one count, its ends a call each", () => {
  const markRange = vi.fn(() => 1);
  const countMonitored = vi.fn(() => 5);
  const ranges = new MarkedRanges();
  const marking = new Marking({ exports: { markRange, countMonitored } } as unknown as Core, ranges);

  expect(marking.markRange(0x1000n * 7n + 0x800n, GIB, 2, 3)).toBe(7);
  expect(markRange.mock.calls).toEqual([
    [3, 2, 7, 256, 511],
    [3, 2, 7 + GIB / 4096, 0, 255],
  ]);
  expect(countMonitored.mock.calls).toEqual([[2, 8, 6 + GIB / 4096]]);
  expect(ranges.of(3)).toEqual([{ view: 2, firstGfn: 8, lastGfn: 6 + GIB / 4096 }]);
});
