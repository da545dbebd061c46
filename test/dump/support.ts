/** What the dump tests share: the sample, errors to expect, frames with a content of their own. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, vi } from "vitest";
import { FRAME_SIZE } from "../../src/model/address.js";
import type { Dump, RandomAccess } from "../../src/model/dump.js";
import { PageTableError } from "../../src/model/errors.js";

export const SAMPLE = fileURLToPath(new URL("../../samples/linux-6.1-x86_64/", import.meta.url));

export function sampleGzip(step = 0): Uint8Array {
  return readFileSync(`${SAMPLE}step-${String(step).padStart(2, "0")}.elf.gz`);
}

export function sampleElf(step = 0): Uint8Array {
  return new Uint8Array(gunzipSync(sampleGzip(step)));
}

/** A frame whose bytes tell which one it is. */
export function frame(seed: number): Uint8Array {
  return pattern(FRAME_SIZE, seed);
}

export function pattern(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Math.imul(i + 1, 2 * seed + 0x9e37_79b1) >>> 24);
}

export function readFrame(dump: { readFrame(gfn: number, target: Uint8Array): boolean }, gfn: number): Uint8Array | undefined {
  const target = new Uint8Array(FRAME_SIZE);
  return dump.readFrame(gfn, target) ? target : undefined;
}

/** A digest of all the frames of a dump, with their numbers. */
export function contents(dump: Pick<Dump, "runs" | "readFrame">): string {
  const hash = createHash("sha256");
  const target = new Uint8Array(FRAME_SIZE);
  for (const { gfn, count } of dump.runs) {
    for (let i = 0; i < count; i++) hash.update(`${gfn + i} ${dump.readFrame(gfn + i, target)}`).update(target);
  }
  return hash.digest("hex");
}

/** The error that `work` fails with; fails itself where it does not, or with one that is not ours. */
export async function errorOf(work: Promise<unknown> | (() => unknown)): Promise<PageTableError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    expect(error).toBeInstanceOf(PageTableError);
    return error as PageTableError;
  }
  throw new Error("expected an error, and there was none");
}

/** Bytes as random access that counts its reads and fails where it is told to. */
export class FlakySource implements RandomAccess {
  readonly size: number;
  readonly reads: { readonly offset: number; readonly length: number }[] = [];
  /** Throws for a read that touches an offset in here. */
  readonly bad = new Set<number>();
  /** Answers no byte from this offset on, though `size` promises more. */
  endsAt = Number.POSITIVE_INFINITY;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  /** Bytes asked for so far: what is read twice counts twice. */
  get bytesAskedFor(): number {
    return this.reads.reduce((sum, { length }) => sum + length, 0);
  }

  read(offset: number, target: Uint8Array): number {
    this.reads.push({ offset, length: target.length });
    for (const bad of this.bad) if (bad >= offset && bad < offset + target.length) throw new Error("EIO: input/output error");
    const part = this.#bytes.subarray(offset, Math.max(offset, Math.min(offset + target.length, this.endsAt)));
    target.set(part);
    return part.length;
  }
}

const COUNTED_ARRAYS = ["Uint8Array", "Uint32Array", "Float64Array", "BigUint64Array", "ArrayBuffer"] as const;

/** What `work` answers, and how many bytes of memory it asked for: no matter how soon they were given back. */
export async function countAllocations<T>(work: () => T | Promise<T>): Promise<{ readonly value: T; readonly bytes: number }> {
  let bytes = 0;
  for (const name of COUNTED_ARRAYS) {
    const counted = new Proxy<typeof Uint8Array>(globalThis[name] as unknown as typeof Uint8Array, {
      construct(target, given: readonly unknown[], newTarget) {
        const made = Reflect.construct(target, given, newTarget === counted ? target : newTarget) as Uint8Array;
        // Over a buffer that is there it is a view, and asks for nothing.
        if (typeof given[0] === "number") bytes += made.byteLength;
        return made;
      },
    });
    vi.stubGlobal(name, counted);
  }
  try {
    return { value: await work(), bytes };
  } finally {
    vi.unstubAllGlobals();
  }
}

/** Numbers below 2^32 from a seed, the same ones always. */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
