/**
 * Blobs and Files. In a browser's worker, where a synchronous reader exists, they are paged: 16 MiB slices, the last
 * used ones kept. Elsewhere they are read whole.
 *
 * Slices are large because a slice costs its round trip to the browser's process, whatever its size: 4 KiB cost as much as
 * half a megabyte.
 */

import type { BlobLike } from "../model/platform.js";
import { bytesSource, type Source } from "./source.js";

const SLICE_SIZE = 16 * 2 ** 20;
/** 256 MiB at most. */
const SLICES_KEPT = 16;

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
  // A Map keeps its order of insertion: the first one is the one not used for longest.
  const slices = new Map<number, Uint8Array>();
  const sliceAt = (index: number): Uint8Array => {
    let slice = slices.get(index);
    if (slice === undefined) {
      const start = index * SLICE_SIZE;
      slice = new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, Math.min(start + SLICE_SIZE, blob.size))));
      const [oldest] = slices.keys();
      if (oldest !== undefined && slices.size >= SLICES_KEPT) slices.delete(oldest);
    } else {
      slices.delete(index);
    }
    slices.set(index, slice);
    return slice;
  };
  return {
    size: blob.size,
    read(offset, target) {
      if (offset >= blob.size || target.length === 0) return 0;
      const index = Math.floor(offset / SLICE_SIZE);
      const start = offset - index * SLICE_SIZE;
      const part = sliceAt(index).subarray(start, start + target.length);
      target.set(part);
      return part.length;
    },
    close: () => slices.clear(),
  };
}
