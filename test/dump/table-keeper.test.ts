/** What is kept of a dump's slices: tables and frames of zeros, exactly as they are, and nothing else. */

import { describe, expect, test } from "vitest";
import { TableKeeper } from "../../src/dump/table-keeper.js";

const FRAME = 4096;
const SLICE_FRAMES = 16;
const SOURCE_SIZE = 64 * FRAME;

/** A slice whose frames begin `phase` bytes into it, each filled by `entry`. */
function sliceOf(frames: readonly (readonly bigint[])[], phase = 0): Uint8Array {
  const slice = new Uint8Array(SLICE_FRAMES * FRAME + phase);
  const view = new DataView(slice.buffer);
  frames.forEach((entries, frame) => {
    entries.forEach((entry, i) => {
      view.setBigUint64(phase + frame * FRAME + 8 * i, entry, true);
    });
  });
  return slice;
}

function readFrom(keeper: TableKeeper, offset: number): Uint8Array | undefined {
  const target = new Uint8Array(FRAME).fill(0xaa);
  return keeper.tryRead(offset, target) ? target : undefined;
}

describe("the tables of a slice", () => {
  const table = [0x1067n, 0n, 0x8000_0000_0000_2025n, 0x7fff_0000_0000_0000n];
  const code = [0x8948_5741_5641_5541n, 0xe8ff_ffff_0f1f_4400n];
  const swapped = [0xffff_0000_0000_0000n];

  test("are kept with all their bytes, wherever frames begin", () => {
    for (const phase of [0, 0x8e0]) {
      const slice = sliceOf([table, [], code, swapped], phase);
      const keeper = new TableKeeper(SOURCE_SIZE);
      keeper.noteFrame(phase);
      keeper.takeIn(slice, 0);

      expect(readFrom(keeper, phase)).toEqual(slice.subarray(phase, phase + FRAME));
      expect(readFrom(keeper, phase + FRAME)).toEqual(new Uint8Array(FRAME));
      expect(readFrom(keeper, phase + 2 * FRAME)).toBeUndefined();
      expect(readFrom(keeper, phase + 3 * FRAME)).toBeUndefined();
    }
  });

  test("are not taken for others where a header has been read before like a frame", () => {
    const slice = sliceOf([table, table], 0x8e0);
    const keeper = new TableKeeper(SOURCE_SIZE);
    expect(keeper.noteFrame(0)).toBe(true);
    keeper.takeIn(slice, 0);
    expect(keeper.noteFrame(0x8e0)).toBe(true);
    keeper.takeIn(slice, 0);

    expect(keeper.noteFrame(0x8e0 + FRAME)).toBe(false);
    expect(readFrom(keeper, 0)).toBeUndefined();
    expect(readFrom(keeper, 0x8e0 + FRAME)).toEqual(slice.subarray(0x8e0 + FRAME, 0x8e0 + 2 * FRAME));
  });

  test("are told from small numbers, of which every other looks like an entry to frame 0", () => {
    const mapOfMemory = [0x63n, 0x1063n, 0x2063n];
    const numbers = [17n, 4n, 35n, 0xfffn];
    const keeper = new TableKeeper(SOURCE_SIZE);
    keeper.noteFrame(0);
    const slice = sliceOf([mapOfMemory, numbers]);
    keeper.takeIn(slice, 0);

    expect(readFrom(keeper, 0)).toEqual(slice.subarray(0, FRAME));
    expect(readFrom(keeper, FRAME)).toBeUndefined();
  });

  test("that lie across the end of a slice are not kept by half", () => {
    const slice = sliceOf([table], 0x8e0);
    const keeper = new TableKeeper(SOURCE_SIZE);
    keeper.noteFrame(0x8e0);
    keeper.takeIn(slice.subarray(0, 0x8e0 + FRAME - 8), 0);

    expect(readFrom(keeper, 0x8e0)).toBeUndefined();
  });

  test("are forgotten when all is", () => {
    const keeper = new TableKeeper(SOURCE_SIZE);
    keeper.noteFrame(0);
    keeper.takeIn(sliceOf([table, []]), 0);
    keeper.clear();

    expect([readFrom(keeper, 0), readFrom(keeper, FRAME)]).toEqual([undefined, undefined]);
  });
});
