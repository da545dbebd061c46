/**
 * `openDump`: from whatever holds a dump to guest memory.
 *
 * Three steps: the source becomes random access; what is gzip-compressed is inflated; the first format of the table
 * that knows the first bytes opens it. The rule: whatever the bytes are, the outcome is a dump or a PageTableError that
 * says what is wrong with them, and no file stays open behind an error.
 */

import type { RandomAccess } from "../model/dump.js";
import { DumpFormatError, PageTableError } from "../model/errors.js";
import type { AbortSignalLike, BlobLike } from "../model/platform.js";
import { throwIfAborted } from "../model/turns.js";
import { isBlob, openBlob } from "./blob-source.js";
import { cannotRead } from "./cannot-read.js";
import { type DumpFormat, HEAD_SIZE, type OpenContext } from "./contents.js";
import { DamageList } from "./damage-list.js";
import { elfFormat } from "./elf.js";
import { FileDump, type OpenedDump } from "./file-dump.js";
import { formatError } from "./format-error.js";
import { inflateGzip, isGzip } from "./gzip.js";
import { openFile } from "./node-file.js";
import { otherFormat } from "./other-formats.js";
import { orAborted, type Readers } from "./patience.js";
import { rawFormat } from "./raw.js";
import { borrowedSource, bytesSource, readBytes, type Source } from "./source.js";

/** A path (Node), bytes, a Blob or File, or a random-access source. Bytes are read where they lie: they must not change. */
export type DumpSource = string | Uint8Array | BlobLike | RandomAccess;

export interface OpenDumpOptions {
  /** How much may come out of a compressed dump; 2 GiB where not given. */
  readonly maximumInflatedBytes?: number;
  /** Aborted, the call rejects with the signal's reason. */
  readonly signal?: AbortSignalLike;
  /** Told how many bytes of a compressed dump have been read; its headers are all that is read of any other. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What only this package's own rooms say. */
export interface OpenForReaders extends OpenDumpOptions {
  /**
   * Asked whenever a read is to take long, for as long as the dump is open. A read that they give up throws their
   * reason, and can be made again.
   */
  readonly readers?: Readers;
}

const DEFAULT_MAXIMUM_INFLATED_BYTES = 2 ** 31;
/** Compressed dumps are compressed again by whoever archives them; without end only by whoever means harm. */
const DEEPEST_COMPRESSION = 4;

/** Asked in this order; raw takes whatever has the right size. */
const FORMATS: readonly DumpFormat[] = [elfFormat, rawFormat];

/**
 * Opens a memory dump; its format is known by its content. What the file holds, and nothing else, can then be read; what its
 * headers promise beyond that stands in `damage`.
 *
 * Rejects with PageTableError `cannot-read` where the source cannot be read at all (`details.path`), with
 * DumpFormatError where it is no dump or its headers cannot be read (`details.offset`, `.expected`, `.found`).
 *
 * @example
 * const dump = await openDump("guest.elf.gz");
 * const root = dump.vcpus[0]?.root;
 * dump.close();
 */
export async function openDump(source: DumpSource, options: OpenDumpOptions = {}): Promise<OpenedDump> {
  return openForReaders(source, options);
}

/** As `openDump`. */
export async function openForReaders(source: DumpSource, options: OpenForReaders): Promise<OpenedDump> {
  const { maximumInflatedBytes = DEFAULT_MAXIMUM_INFLATED_BYTES, signal } = options;
  if (!Number.isSafeInteger(maximumInflatedBytes) || maximumInflatedBytes < 0) {
    const message = `maximumInflatedBytes must be an integer from 0 to 2^53-1, not ${String(maximumInflatedBytes)}`;
    throw new PageTableError("invalid-option", message, { maximumInflatedBytes: String(maximumInflatedBytes) });
  }
  throwIfAborted(signal);
  const path = typeof source === "string" ? source : undefined;
  let opened: Source | undefined;
  try {
    opened = await openSource(source, options);
    const context = await inflate({ source: opened, incomplete: false, damage: new DamageList(), signal }, options);
    const dump = await openContents(context);
    // What is inflated lies in memory: the file behind it is done with.
    if (context.source !== opened) opened.close();
    return dump;
  } catch (error) {
    opened?.close();
    throw signal?.aborted === true && error === signal.reason ? error : explain(error, path);
  }
}

async function openSource(source: DumpSource, { signal, readers }: OpenForReaders): Promise<Source> {
  if (typeof source === "string") return openFile(source);
  if (typeof source === "object" && source !== null) {
    if (isUint8Array(source)) return bytesSource(source);
    if (isBlob(source)) return orAborted(openBlob(source, readers), signal);
    if ("read" in source && typeof source.read === "function") return borrowedSource(source);
  }
  const message = "a dump is opened from a path, a Uint8Array, a Blob, or an object with size and read";
  throw new PageTableError("invalid-source", message, { type: typeof source });
}

/** Also where it comes from another realm, a frame or a test runner's, say. */
function isUint8Array(source: object): source is Uint8Array {
  return source instanceof Uint8Array || Object.prototype.toString.call(source) === "[object Uint8Array]";
}

async function inflate(context: OpenContext, options: OpenDumpOptions): Promise<OpenContext> {
  const { maximumInflatedBytes = DEFAULT_MAXIMUM_INFLATED_BYTES, onProgress } = options;
  const { damage, signal } = context;
  for (let depth = 0; isGzip(readBytes(context.source, 0, HEAD_SIZE)); depth++) {
    if (depth === DEEPEST_COMPRESSION) {
      throw formatError("unsupported", 0, `at most ${DEEPEST_COMPRESSION} layers of gzip`, "one more");
    }
    const { source, incomplete } = await inflateGzip(observed(context.source, onProgress), { maximumInflatedBytes, signal, damage });
    context = { ...context, source, incomplete: incomplete || context.incomplete };
  }
  return context;
}

/** The source, whoever is told how far it has been read. */
function observed(source: Source, onProgress: OpenDumpOptions["onProgress"]): RandomAccess {
  if (!onProgress) return source;
  let furthest = 0;
  return {
    size: source.size,
    read(offset, target) {
      const count = source.read(offset, target);
      if (offset + count > furthest) {
        furthest = offset + count;
        onProgress(furthest, source.size);
      }
      return count;
    },
  };
}

async function openContents(context: OpenContext): Promise<OpenedDump> {
  const { source, damage } = context;
  const head = readBytes(source, 0, HEAD_SIZE);
  const other = otherFormat(head);
  const format = other === undefined ? FORMATS.find((candidate) => candidate.matches(head, context)) : undefined;
  if (format === undefined) {
    const found = other ?? (source.size === 0 ? "nothing: it is empty" : `${source.size} bytes of something else`);
    throw formatError("unknown-format", 0, "an ELF core, or a raw image whose size is a multiple of 4096", found);
  }
  return new FileDump(format.name, source, await format.open(context), damage);
}

/** Every error that leaves is one of ours, and says which file it is about. */
function explain(error: unknown, path: string | undefined): unknown {
  if (error instanceof DumpFormatError) {
    if (path === undefined) return error;
    return new DumpFormatError(error.code, `${path}: ${error.message}`, { ...error.details, path });
  }
  if (error instanceof PageTableError) return error;
  if (error instanceof RangeError) {
    return new PageTableError(
      "memory-exhausted",
      `too little memory to open ${path ?? "the dump"}: ${error.message}`,
      { path },
      { cause: error },
    );
  }
  return cannotRead(path, error);
}
