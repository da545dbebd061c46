import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameMap, type FramePart } from "../../src/dump/frame-map.js";
import { PriorityQueue } from "../../src/dump/priority-queue.js";
import { SegmentTable } from "../../src/dump/segment-table.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { CountedTable, FRAMES, type Segment, SPACE, segment, tableOf } from "./segment-support.js";

/** Byte by byte: where in the file each one lies, -1 where nowhere. */
function naiveMap(segments: readonly Segment[]): Float64Array {
  const offsets = new Float64Array(SPACE).fill(-1);
  for (const { pa, size, offset } of segments.toReversed()) {
    for (let i = 0; i < size && pa + i < SPACE; i++) offsets[pa + i] = offset + i;
  }
  return offsets;
}

function naiveRuns(offsets: Float64Array, firstGfn: number): { gfn: number; count: number }[] {
  const runs: { gfn: number; count: number }[] = [];
  for (let i = 0; i < FRAMES; i++) {
    if (offsets.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE).includes(-1)) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.gfn + last.count === firstGfn + i) last.count++;
    else runs.push({ gfn: firstGfn + i, count: 1 });
  }
  return runs;
}

function bytesOf(parts: readonly FramePart[]): Float64Array {
  const offsets = new Float64Array(FRAME_SIZE).fill(-1);
  for (const { offset, from, to } of parts) for (let at = from; at < to; at++) offsets[at] = offset + at - from;
  return offsets;
}

const base = fc.constantFrom(0, 2 ** 32, 2 ** 33 - SPACE, 2 ** 52 - SPACE);

describe("the map from frames to the file", () => {
  it("says of every frame what a map of every byte says, whatever the segments", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 9 }), base, (segments, basePa) => {
        const expected = naiveMap(segments);
        const map = new FrameMap(tableOf(segments, basePa));
        const firstGfn = basePa / FRAME_SIZE;
        for (let i = 0; i < FRAMES; i++) {
          const offsets = expected.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE);
          const held = !offsets.includes(-1);
          const parts = map.partsOf(firstGfn + i);
          expect(parts !== undefined).toBe(held);
          expect(parts === undefined || bytesOf(parts).every((offset, at) => offset === offsets[at])).toBe(true);
          const inOneStretch = held && offsets.every((offset, at) => offset === offsets[0] + at);
          expect(map.offsetOf(firstGfn + i)).toBe(inOneStretch ? offsets[0] : -1);
        }
        expect(map.runs()).toEqual(naiveRuns(expected, firstGfn));
      }),
      { numRuns: 400 },
    );
  });

  it("has no frame where it has no segment", () => {
    const map = new FrameMap(new SegmentTable());
    expect(map.runs()).toEqual([]);
    expect(map.offsetOf(0)).toBe(-1);
    expect(map.partsOf(0)).toBeUndefined();
  });

  it("has no frame past the end of its address space, not even for the largest number", () => {
    const map = new FrameMap(tableOf([{ pa: 2 ** 52 - FRAME_SIZE, size: FRAME_SIZE, offset: 0 }]));
    expect(map.offsetOf(2 ** 40 - 1)).toBe(0);
    for (const gfn of [2 ** 40, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER]) expect(map.partsOf(gfn)).toBeUndefined();
  });

  it("looks at each of a hundred thousand segments on top of each other a few times, as sorting does", () => {
    const table = new CountedTable();
    const count = 100_000;
    for (let i = 0; i < count; i++) table.push((i % 1000) * 7, 2 ** 32 - i, i, i);
    const map = new FrameMap(table);
    expect(table.looks).toBeLessThan(3 * count * Math.log2(count));
    expect(map.overlapping).toBe(true);
    expect(map.runs()).toEqual([{ gfn: 0, count: 2 ** 20 + 1 }]);
  });
});

describe("the queue of the segments that have begun", () => {
  it("gives the smallest first, comparing a number with no more others than a heap is deep", () => {
    const count = 10_000;
    let comparisons = 0;
    const counted = (value: number): number =>
      ({
        valueOf: () => {
          comparisons++;
          return value;
        },
      }) as unknown as number;
    const queue = new PriorityQueue();
    // Descending: each goes to the front of those before it.
    for (let value = count; value > 0; value--) queue.add(counted(value));
    for (let value = 1; value <= count; value++) {
      expect(Number(queue.first)).toBe(value);
      queue.removeFirst();
    }
    expect(queue.length).toBe(0);
    expect(comparisons).toBeLessThan(6 * count * Math.log2(count));
  });
});
