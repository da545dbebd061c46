/**
 * A core by itself, without a monitor: for kernels that are handed pointers.
 *
 * Frames for them are blocks of its arena, so nothing that the core uses is written over.
 */

import { amd64 } from "../../src/arch/amd64.js";
import { Core } from "../../src/core/core.js";
import { BITMAP_BYTES, ENTRIES, FRAME_BYTES } from "../../src/core/layout.js";
import type { ModeOptions } from "../support/subject.js";

/** Bounds the memory of a private build to its least. */
const FRAMES = 16;
const FRAME_LOG2 = 12;
const ENTRY_BYTES = 8;

export function createCore(mode: ModeOptions = {}): Promise<Core> {
  return Core.create(amd64(mode), FRAMES);
}

/** Unused blocks of a page, one behind the other. */
export function framesOf(core: Core, count: number): number[] {
  return Array.from({ length: count }, () => core.exports.allocate(FRAME_LOG2) >>> 0);
}

export function writeTable(core: Core, at: number, table: BigUint64Array): void {
  core.u64.set(table, at / ENTRY_BYTES);
}

export function tableAt(core: Core, at: number): BigUint64Array {
  return core.u64.slice(at / ENTRY_BYTES, at / ENTRY_BYTES + ENTRIES);
}

export function bytesAt(core: Core, at: number): Uint8Array {
  return core.u8.subarray(at, at + FRAME_BYTES);
}

export function writeBitmap(core: Core, at: number, bits: Iterable<number>): void {
  core.u8.fill(0, at, at + BITMAP_BYTES);
  for (const bit of bits) core.u8[at + (bit >>> 3)] |= 1 << (bit & 7);
}

/** The bits that are set, ascending. */
export function bitsAt(core: Core, at: number): number[] {
  return Array.from({ length: ENTRIES }, (_, bit) => bit).filter((bit) => core.u8[at + (bit >>> 3)] & (1 << (bit & 7)));
}
