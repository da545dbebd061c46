/**
 * Where the bytes of a dump come from: random access that can be let go, and the two ways to read from it.
 *
 * The rule: what a source answers is checked here, so nothing behind it has to. A source given by a user is read only
 * through `readInto`.
 */

import type { RandomAccess } from "../model/dump.js";
import { PageTableError } from "../model/errors.js";
import type { Readers } from "./patience.js";

/** Bytes of a page of the machine at hand, as nearly all have them. */
const PAGE = 4096;

export interface Source extends RandomAccess {
  /** A read that takes long asks whether it is still wanted; where not it throws their reason, which is no failure to read. */
  readonly readers?: Readers | undefined;
  close(): void;
}

/**
 * Reads into the whole of `target`, in as many reads as the source needs, and answers how many bytes there were: fewer only
 * where the source ends. What the source throws comes out unchanged.
 */
export function readInto(source: RandomAccess, offset: number, target: Uint8Array): number {
  let done = 0;
  while (done < target.length) {
    const rest = done === 0 ? target : target.subarray(done);
    const count = source.read(offset + done, rest);
    if (!Number.isInteger(count) || count < 0 || count > rest.length) {
      throw new PageTableError("driver-contract", `read must answer an integer from 0 to ${rest.length}, not ${String(count)}`, {
        offset: offset + done,
        size: rest.length,
      });
    }
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Up to `length` bytes at `offset`, fewer where the source ends. `length` is never taken from a dump unchecked. */
export function readBytes(source: RandomAccess, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.size - offset)));
  return bytes.subarray(0, readInto(source, offset, bytes));
}

/** Bytes in memory, read where they lie: they are not copied. */
export function bytesSource(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    read(offset, target) {
      const part = bytes.subarray(offset, offset + target.length);
      lookUpPages(part);
      target.set(part);
      return part.length;
    },
    close() {},
  };
}

/**
 * Has the processor look up all pages of `part` at once, and fetch the beginning of each: a copy waits for both at
 * every page that it comes to. A sixth less time for a copy of half a megabyte that lies in no cache.
 */
function lookUpPages(part: Uint8Array): void {
  for (let at = PAGE; at < part.length; at += PAGE) lookedUp[0] = part[at]; // to be kept, so that no compiler leaves it out
}

const lookedUp = new Uint8Array(1);

/** A user's random access, its size taken once. Closing the dump only lets go of it: whoever opened it closes it. */
export function borrowedSource(access: RandomAccess): Source {
  const { size } = access;
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new PageTableError("invalid-source", `the size of a source must be an integer from 0 to 2^53-1, not ${String(size)}`, {
      size: String(size),
    });
  }
  return { size, read: (offset, target) => access.read(offset, target), close() {} };
}
