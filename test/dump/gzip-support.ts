/** What the gzip tests share: inflating in one call, contents of several kinds, and what zlib makes of a cut. */

import { constants, gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { DamageList } from "../../src/dump/damage-list.js";
import { inflateGzip } from "../../src/dump/gzip.js";
import { bytesSource, readBytes } from "../../src/dump/source.js";
import type { RandomAccess } from "../../src/model/dump.js";
import { DumpFormatError } from "../../src/model/errors.js";
import { randomNumbers } from "./support.js";

export const MIB = 2 ** 20;

export async function inflate(file: Uint8Array | RandomAccess, maximumInflatedBytes = 2 ** 31) {
  const damage = new DamageList();
  const access = file instanceof Uint8Array ? bytesSource(file) : file;
  const { source, incomplete } = await inflateGzip(access, { maximumInflatedBytes, signal: undefined, damage });
  return { bytes: readBytes(source, 0, source.size), incomplete, damage: damage.entries };
}

export async function inflateOrNothing(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return (await inflate(bytes)).bytes;
  } catch (error) {
    expect(error).toBeInstanceOf(DumpFormatError);
    return new Uint8Array(0);
  }
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Text-like, repetitive, random and empty stretches, over more than one window. */
function mixture(size: number): Uint8Array {
  const random = randomNumbers(size);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const length = 1 + random(50_000);
    const stretch = bytes.subarray(at, at + length);
    const kind = random(4);
    if (kind === 0) for (let i = 0; i < stretch.length; i++) stretch[i] = random(256);
    else if (kind === 1) for (let i = 0; i < stretch.length; i++) stretch[i] = 97 + random(9);
    else if (kind === 2) bytes.copyWithin(at, Math.max(0, at - 1 - random(32_768)), at);
    at += length;
  }
  return bytes;
}

/** Packed from the lowest bit of each byte, as DEFLATE is. */
export function fromBits(text: string): Uint8Array {
  const bits = text.replaceAll(" ", "");
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of [...bits].entries()) bytes[i >> 3] |= Number(bit) << (i & 7);
  return bytes;
}

/** What zlib makes of the first `cut` bytes, told to be content with what there is. */
export function beforeCut(file: Uint8Array, cut: number): Uint8Array {
  return gunzipSync(file.subarray(0, cut), { finishFlush: constants.Z_SYNC_FLUSH });
}

export function cutsOf(file: Uint8Array): readonly number[] {
  const random = randomNumbers(7);
  return [
    ...Array.from({ length: 40 }, (_, i) => file.length - 1 - i),
    ...Array.from({ length: 100 }, () => 200 + random(file.length - 200)),
  ];
}

/** The eight shortest symbols that fit into a byte, each the longest match: refused, a byte gives nothing at all. */
export const MOST_LOST = 8 * 258;
export const whole = mixture(2 * MIB + 12_345);
/** Nothing that is better stored as it is. */
export const text = whole.map((byte) => 97 + (byte % 9));
