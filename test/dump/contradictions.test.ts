import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findContradictions } from "../../src/dump/contradictions.js";
import { FrameMap } from "../../src/dump/frame-map.js";
import type { SegmentTable } from "../../src/dump/segment-table.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { CountedTable, type Segment, segment, tableOf } from "./segment-support.js";

interface Contradiction {
  readonly winner: number;
  readonly loser: number;
  readonly pa: number;
}

function contradictionsOf(table: SegmentTable): { readonly found: readonly Contradiction[]; readonly compared: number } {
  const found: Contradiction[] = [];
  const compared = findContradictions(table, (winner, loser, pa) => found.push({ winner, loser, pa }));
  return { found, compared };
}

/** Every stretch between two ends of segments, each segment that has it: whether the first says something else. */
function naiveContradictions(segments: readonly Segment[]): readonly Contradiction[] {
  const ends = [...new Set(segments.flatMap(({ pa, size }) => [pa, pa + size]))].sort((a, b) => a - b);
  const found = new Map<string, Contradiction>();
  for (const pa of ends) {
    const there = [...segments.keys()].filter((i) => segments[i].pa <= pa && pa < segments[i].pa + segments[i].size);
    const [winner, ...losers] = there;
    for (const loser of losers) {
      const key = `${winner} ${loser}`;
      const agree = segments[winner].offset - segments[winner].pa === segments[loser].offset - segments[loser].pa;
      if (!agree && !found.has(key)) found.set(key, { winner, loser, pa });
    }
  }
  return [...found.values()].sort((a, b) => a.loser - b.loser || a.pa - b.pa);
}

const overlap = ([a, b]: readonly [Segment, Segment]): boolean => Math.max(a.pa, b.pa) < Math.min(a.pa + a.size, b.pa + b.size);

describe("segments that contradict each other", () => {
  it("are told pair by pair, each once, with the first memory that the one takes from the other", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const { found, compared } = contradictionsOf(tableOf(segments));
        expect(found).toEqual(naiveContradictions(segments));
        expect(compared).toBe(segments.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("are looked for exactly where two segments have the same memory", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const pairs = segments.flatMap((a, i) => segments.slice(i + 1).map((b) => [a, b] as const));
        expect(new FrameMap(tableOf(segments)).overlapping).toBe(pairs.some(overlap));
      }),
      { numRuns: 500 },
    );
  });

  it("are told also where a segment loses at first and takes from another later", () => {
    const at = (gfn: number, count: number, offset: number): Segment => ({ pa: gfn * FRAME_SIZE, size: count * FRAME_SIZE, offset });
    const segments = [at(0, 4, 0), at(2, 4, 0x10_0000), at(1, 5, FRAME_SIZE)];
    expect(contradictionsOf(tableOf(segments)).found).toEqual([
      { winner: 0, loser: 1, pa: 2 * FRAME_SIZE },
      { winner: 1, loser: 2, pa: 4 * FRAME_SIZE },
    ]);
  });

  it("are told of the first hundred thousand pairs at least, and then of no more than a bound", () => {
    const count = 2000;
    const all = new CountedTable();
    // Each has a frame to itself and loses it in all those before.
    for (let i = 0; i < count; i++) all.push(0, (i + 1) * FRAME_SIZE, 2 ** 40 * i, i);
    const { found, compared } = contradictionsOf(all);
    expect(found.length).toBeGreaterThan(100_000);
    expect(found.length).toBeLessThan(300_000);
    expect(compared).toBeLessThan(count);
    expect(found.at(-1)?.loser).toBe(compared);
    expect(all.looks).toBeLessThan(10 * count * Math.log2(count));
  });

  it("are given up also where the same pairs contradict over and over", () => {
    const count = 2000;
    const table = new CountedTable();
    const end = 2 * count * FRAME_SIZE;
    for (let i = 0; i < count; i++) table.push(2 * i * FRAME_SIZE, FRAME_SIZE, 2 * i * FRAME_SIZE, i);
    table.push(0, end, 2 ** 40, count);
    for (let i = 0; i < count; i++) table.push(0, end, 0, count + 1 + i);
    const { found, compared } = contradictionsOf(table);
    expect(found.length).toBeGreaterThan(count);
    expect(compared).toBeGreaterThan(count + 10);
    expect(compared).toBeLessThan(table.length);
  });
});
