/**
 * Blobs and Files. In a browser's worker, where a synchronous reader exists, they are paged: in slices, the last used
 * ones kept. Elsewhere they are read whole.
 *
 * A slice costs its round trip to the browser's process, whatever its size: 4 KiB cost as much as half a megabyte. So
 * nothing smaller is read; whoever goes through the file, or comes back to the same part of it again and again, gets 16
 * MiB at a time, and single tables, which lie scattered, half a megabyte each. Of slices that are let go what may be
 * tables is kept (`table-keeper.ts`).
 *
 * A read of the browser's cannot be broken off. So before each slice whoever reads is asked whether that is still
 * wanted; and where the answer may be no and reading is slow at the moment, large slices are read in parts, though that
 * costs a seventh more and up: a whole one would be too long to wait for.
 */

import { FRAME_SIZE } from "../model/address.js";
import type { BlobLike } from "../model/platform.js";
import { throwIfAborted } from "../model/turns.js";
import type { Readers } from "./patience.js";
import { bytesSource, type Source } from "./source.js";
import { TableKeeper } from "./table-keeper.js";

const LARGE_SLICE = 16 * 2 ** 20;
const SMALL_SLICE = 2 ** 19;
/** Of a slice, where reading is as slow as can be. */
const SMALLEST_PART = 2 ** 21;
/** Who gives up is not to wait longer than this for a part to be read. */
const PART_MS = 40;
/** 256 MiB at most. */
const LARGE_KEPT = 16;
/** 64 MiB at most: the tables that have been found. */
const SMALL_KEPT = 128;
/** From so many small slices of one large one on, the large one is read; twice as many each time that it has been read before. */
const SMALL_BEFORE_LARGE = 8;

/**
 * … and wherever the small ones hold so many tables each that a large one holds more than are worth reading one by one,
 * if they can be kept.
 */
const SMALL_BEFORE_JUDGING = 8;
const TABLES_OF_DENSE = 2;

interface SynchronousReader {
  readAsArrayBuffer(blob: BlobLike): ArrayBuffer;
}
type ReaderGlobal = { readonly FileReaderSync?: new () => SynchronousReader };

export async function openBlob(blob: BlobLike, readers?: Readers): Promise<Source> {
  const Reader = (globalThis as ReaderGlobal).FileReaderSync;
  if (Reader !== undefined) return pagedBlob(blob, new Reader(), readers);
  return bytesSource(new Uint8Array(await blob.arrayBuffer()));
}

export function isBlob(value: object): value is BlobLike {
  return "arrayBuffer" in value && typeof value.arrayBuffer === "function" && "slice" in value && typeof value.slice === "function";
}

/** One read serves at most the rest of one part of a slice: whoever needs more reads on. */
function pagedBlob(blob: BlobLike, reader: SynchronousReader, readers: Readers | undefined): Source {
  const keeper = new TableKeeper(blob.size);
  let allSmallReads = 0;
  let tablesInSmall = 0;
  const isDense = (): boolean =>
    !keeper.isFull && allSmallReads >= SMALL_BEFORE_JUDGING && tablesInSmall >= TABLES_OF_DENSE * allSmallReads;
  let msPerByte = 0;
  const readPart = (start: number, end: number): Uint8Array => {
    throwIfAborted(readers);
    const startedMs = performance.now();
    const part = new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, end)));
    if (part.length > SMALL_SLICE) msPerByte = (performance.now() - startedMs) / part.length;
    throwIfAborted(readers);
    keeper.takeIn(part, start);
    return part;
  };
  const read = (start: number, size: number): Slice => {
    const keptBefore = keeper.kept;
    const partSize = readers?.mayGiveUp === true ? partOf(size, msPerByte) : size;
    const end = Math.min(start + size, blob.size);
    const parts: Uint8Array[] = [];
    for (let at = start; at < end; at += partSize) parts.push(readPart(at, Math.min(at + partSize, end)));
    if (size === SMALL_SLICE) {
      allSmallReads++;
      tablesInSmall += keeper.kept - keptBefore;
    }
    return { start, partSize, parts };
  };
  const takeInAgain = ({ start, partSize, parts }: Slice): void => {
    for (const [i, part] of parts.entries()) {
      throwIfAborted(readers);
      keeper.takeIn(part, start + i * partSize);
    }
  };
  const large = new SliceCache(LARGE_SLICE, LARGE_KEPT, read);
  const small = new SliceCache(SMALL_SLICE, SMALL_KEPT, read);
  /** By large slice: how often a part of it was asked for that is not kept. */
  const misses = new Map<number, Misses>();
  const sliceFor = (offset: number, size: number): SliceCache => {
    if (large.has(offset) || size >= SMALL_SLICE) return large;
    if (small.has(offset)) return small;
    const index = Math.floor(offset / LARGE_SLICE);
    const { count, bearable } = misses.get(index) ?? { count: 0, bearable: SMALL_BEFORE_LARGE };
    const isTooMany = count === bearable;
    // What is read at random, all over a file too large to keep, would be read whole for every frame of it.
    misses.set(index, isTooMany ? { count: 0, bearable: 2 * bearable } : { count: count + 1, bearable });
    return isTooMany || isDense() ? large : small;
  };
  return {
    size: blob.size,
    readers,
    read(offset, target) {
      if (offset >= blob.size || target.length === 0) return 0;
      if (target.length % FRAME_SIZE === 0) {
        if (keeper.noteFrame(offset)) for (const slice of [...large.all(), ...small.all()]) takeInAgain(slice);
        if (!large.has(offset) && keeper.tryRead(offset, target)) return FRAME_SIZE;
      }
      const part = sliceFor(offset, target.length).from(offset, target.length);
      target.set(part);
      return part.length;
    },
    close() {
      large.clear();
      small.clear();
      keeper.clear();
    },
  };
}

/** The largest part of a slice, halved as often as it takes, that is read in time. */
function partOf(size: number, msPerByte: number): number {
  let part = size;
  while (part > SMALLEST_PART && part * msPerByte > PART_MS) part /= 2;
  return part;
}

interface Misses {
  readonly count: number;
  readonly bearable: number;
}

interface Slice {
  readonly start: number;
  /** Bytes of each part but the last. */
  readonly partSize: number;
  readonly parts: readonly Uint8Array[];
}

/** Slices of one size, the last used ones. */
class SliceCache {
  readonly #size: number;
  readonly #kept: number;
  readonly #read: (start: number, size: number) => Slice;
  /** A Map keeps its order of insertion: the first one is the one not used for longest. */
  readonly #slices = new Map<number, Slice>();

  constructor(size: number, kept: number, read: (start: number, size: number) => Slice) {
    this.#size = size;
    this.#kept = kept;
    this.#read = read;
  }

  has(offset: number): boolean {
    return this.#slices.has(Math.floor(offset / this.#size));
  }

  /** Up to `length` bytes at `offset`, no further than its part of its slice. */
  from(offset: number, length: number): Uint8Array {
    const { start, partSize, parts } = this.#slice(Math.floor(offset / this.#size));
    const place = (offset - start) % partSize;
    return parts[(offset - start - place) / partSize].subarray(place, place + length);
  }

  /** Those that are kept. */
  all(): readonly Slice[] {
    return [...this.#slices.values()];
  }

  clear(): void {
    this.#slices.clear();
  }

  #slice(index: number): Slice {
    let slice = this.#slices.get(index);
    if (slice === undefined) {
      slice = this.#read(index * this.#size, this.#size);
      const [oldest] = this.#slices.keys();
      if (oldest !== undefined && this.#slices.size >= this.#kept) this.#slices.delete(oldest);
    } else {
      this.#slices.delete(index);
    }
    this.#slices.set(index, slice);
    return slice;
  }
}
