/**
 * Blobs and Files. In a browser's worker, where a synchronous reader exists, they are paged: in slices, the last used ones kept. Elsewhere
 * they are read whole.
 *
 * A slice costs its round trip to the browser's process, whatever its size: 4 KiB cost as much as half a megabyte. So nothing smaller
 * is read; whoever goes through the file, or comes back to the same part of it again and again, gets 16 MiB at a time, and single
 * tables, which lie scattered, half a megabyte each. Of slices that are let go what may be tables is kept (`table-keeper.ts`).
 */

import { FRAME_SIZE } from "../model/address.js";
import type { BlobLike } from "../model/platform.js";
import { bytesSource, type Source } from "./source.js";
import { TableKeeper } from "./table-keeper.js";

const LARGE_SLICE = 16 * 2 ** 20;
const SMALL_SLICE = 2 ** 19;
/** 256 MiB at most. */
const LARGE_KEPT = 16;
/** 64 MiB at most: the tables that have been found. */
const SMALL_KEPT = 128;
/** From so many small slices of one large one on, the large one is read. */
const SMALL_BEFORE_LARGE = 8;

/** … and wherever the small ones hold so many tables each that a large one holds more than are worth reading one by one. */
const SMALL_BEFORE_JUDGING = 8;
const TABLES_OF_DENSE = 2;

interface SynchronousReader {
  readAsArrayBuffer(blob: BlobLike): ArrayBuffer;
}
type ReaderGlobal = { readonly FileReaderSync?: new () => SynchronousReader };

export async function openBlob(blob: BlobLike): Promise<Source> {
  const Reader = (globalThis as ReaderGlobal).FileReaderSync;
  if (Reader !== undefined) return pagedBlob(blob, new Reader());
  return bytesSource(new Uint8Array(await blob.arrayBuffer()));
}

export function isBlob(value: object): value is BlobLike {
  return "arrayBuffer" in value && typeof value.arrayBuffer === "function" && "slice" in value && typeof value.slice === "function";
}

/** One read serves at most the rest of one slice: whoever needs more reads on. */
function pagedBlob(blob: BlobLike, reader: SynchronousReader): Source {
  const keeper = new TableKeeper(blob.size);
  let allSmallReads = 0;
  let tablesInSmall = 0;
  const isDense = (): boolean => allSmallReads >= SMALL_BEFORE_JUDGING && tablesInSmall >= TABLES_OF_DENSE * allSmallReads;
  const read = (start: number, size: number): Uint8Array => {
    const slice = new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, Math.min(start + size, blob.size))));
    const keptBefore = keeper.kept;
    keeper.takeIn(slice, start);
    if (size === SMALL_SLICE) {
      allSmallReads++;
      tablesInSmall += keeper.kept - keptBefore;
    }
    return slice;
  };
  const large = new SliceCache(LARGE_SLICE, LARGE_KEPT, read);
  const small = new SliceCache(SMALL_SLICE, SMALL_KEPT, read);
  /** Small slices that have been read, by the large one that they are part of. */
  const smallReads = new Map<number, number>();
  const sliceFor = (offset: number, size: number): SliceCache => {
    if (large.has(offset) || size >= SMALL_SLICE) return large;
    if (small.has(offset)) return small;
    const index = Math.floor(offset / LARGE_SLICE);
    const reads = (smallReads.get(index) ?? 0) + 1;
    smallReads.set(index, reads);
    return reads > SMALL_BEFORE_LARGE || isDense() ? large : small;
  };
  return {
    size: blob.size,
    read(offset, target) {
      if (offset >= blob.size || target.length === 0) return 0;
      if (target.length % FRAME_SIZE === 0) {
        if (keeper.noteFrame(offset)) for (const { start, slice } of [...large.all(), ...small.all()]) keeper.takeIn(slice, start);
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

/** Slices of one size, the last used ones. */
class SliceCache {
  readonly #size: number;
  readonly #kept: number;
  readonly #read: (start: number, size: number) => Uint8Array;
  /** A Map keeps its order of insertion: the first one is the one not used for longest. */
  readonly #slices = new Map<number, Uint8Array>();

  constructor(size: number, kept: number, read: (start: number, size: number) => Uint8Array) {
    this.#size = size;
    this.#kept = kept;
    this.#read = read;
  }

  has(offset: number): boolean {
    return this.#slices.has(Math.floor(offset / this.#size));
  }

  /** Up to `length` bytes at `offset`, no further than its slice. */
  from(offset: number, length: number): Uint8Array {
    const index = Math.floor(offset / this.#size);
    const start = offset - index * this.#size;
    return this.#slice(index).subarray(start, start + length);
  }

  /** Those that are kept, and where each starts. */
  all(): readonly { readonly start: number; readonly slice: Uint8Array }[] {
    return Array.from(this.#slices, ([index, slice]) => ({ start: index * this.#size, slice }));
  }

  clear(): void {
    this.#slices.clear();
  }

  #slice(index: number): Uint8Array {
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
