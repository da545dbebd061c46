/**
 * What a dump is opened from, made ready to cross.
 */

import { transfer } from "comlink";
import { PageTableError } from "../../model/errors.js";
import type { BlobLike } from "../../model/platform.js";

export type SentSource = string | Uint8Array | BlobLike;

export interface SendOptions {
  readonly transfer?: boolean;
  /** Workers that are to read it: for more than one, bytes lie in memory that they share. */
  readonly readers: number;
}

/** Bytes are copied, or handed over with their buffer; paths and Blobs cross as they are. */
export function sourceToSend(source: SentSource, { transfer: handOver = false, readers }: SendOptions): SentSource {
  if (typeof source === "string" || isBlob(source)) return source;
  if (!isBytes(source)) {
    throw new PageTableError("invalid-source", "a worker opens a dump from a path, a Uint8Array, or a Blob", { type: typeof source });
  }
  if (source.length === 0) return new Uint8Array(0); // of bytes that have been handed over not even a copy can be made
  const { buffer } = source;
  if (readers > 1) {
    const shared = new Uint8Array(new SharedArrayBuffer(source.length));
    shared.set(source);
    // It is the caller's no longer.
    if (handOver && buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
    return shared;
  }
  const bytes = handOver && buffer instanceof ArrayBuffer ? source : new Uint8Array(source);
  return transfer(bytes, [bytes.buffer]);
}

/** Of another realm too. */
function isBytes(source: unknown): source is Uint8Array {
  return Object.prototype.toString.call(source) === "[object Uint8Array]";
}

function isBlob(source: unknown): source is BlobLike {
  return typeof source === "object" && source !== null && "arrayBuffer" in source && typeof source.arrayBuffer === "function";
}
