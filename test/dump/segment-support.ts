/** What the tests of segments share: a small space, segments laid across it in every way, and a table that counts looks. */

import fc from "fast-check";
import { SegmentTable } from "../../src/dump/segment-table.js";
import { FRAME_SIZE } from "../../src/model/address.js";

export interface Segment {
  readonly pa: number;
  readonly size: number;
  readonly offset: number;
}

export const FRAMES = 8;
export const SPACE = FRAMES * FRAME_SIZE;

export function tableOf(segments: readonly Segment[], base = 0): SegmentTable {
  const table = new SegmentTable();
  for (const [i, { pa, size, offset }] of segments.entries()) table.push(base + pa, size, offset, i);
  return table;
}

/** Ends lie on frame ends, near them, and anywhere. */
const edge = fc.oneof(
  fc.nat(FRAMES - 1).map((gfn) => gfn * FRAME_SIZE),
  fc.tuple(fc.nat(FRAMES - 1), fc.integer({ min: -3, max: 3 })).map(([gfn, d]) => Math.max(0, gfn * FRAME_SIZE + d)),
  fc.nat(SPACE - 2),
);
export const segment: fc.Arbitrary<Segment> = fc
  .record({ pa: edge, end: edge, offset: fc.nat(2 ** 32), identity: fc.boolean() })
  .map((s) => {
    const pa = Math.min(s.pa, s.end);
    // Often the file follows physical memory, so that neighbours are one stretch of it.
    return { pa, size: Math.max(1, Math.abs(s.end - s.pa)), offset: s.identity ? pa + 0x8e0 : s.offset };
  });

/** Counts how often a segment is asked for something. */
export class CountedTable extends SegmentTable {
  looks = 0;

  override pa(index: number): number {
    this.looks++;
    return super.pa(index);
  }

  override end(index: number): number {
    this.looks++;
    return super.end(index);
  }

  override offset(index: number): number {
    this.looks++;
    return super.offset(index);
  }
}
