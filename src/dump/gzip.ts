/**
 * Gzip (RFC 1952): one member or several, inflated once into memory, since nothing in the middle of a stream can be found
 * without what comes before.
 *
 * A stream that is cut off or damaged gives what could be inflated; the rest is damage. So is what follows the last member,
 * nothing but zeros to the end of the file apart. What comes out is checked by length and CRC-32, which the decompressor
 * does not look at. Memory follows what really comes out, up to the caller's limit: no size in the file is believed.
 */

import type { RandomAccess } from "../model/dump.js";
import { hex } from "../model/hex.js";
import type { AbortSignalLike } from "../model/platform.js";
import { Turns } from "../model/turns.js";
import { BlockStore } from "./block-store.js";
import { crc32 } from "./crc32.js";
import type { DamageList } from "./damage-list.js";
import { formatError } from "./format-error.js";
import { type GzipMembers, readGzip } from "./gunzip.js";
import { readBytes, readInto, type Source } from "./source.js";

const MAGIC = [0x1f, 0x8b] as const;
const METHOD_DEFLATE = 8;
const FLAGS_OFFSET = 3;
const FLAGS_RESERVED = 0xe0;
/** CRC-32 and length, little-endian. */
const TRAILER_SIZE = 8;
/** How much at once of what is behind the last member. */
const REST_CHUNK_SIZE = 2 ** 16;
/** As many bytes of it are told. */
const REST_SHOWN = 4;

export interface Inflated {
  readonly source: Source;
  /** The stream broke off, or its length is not what it says: what it held was something longer or shorter. */
  readonly incomplete: boolean;
}

export interface InflateOptions {
  readonly maximumInflatedBytes: number;
  readonly signal: AbortSignalLike | undefined;
  readonly damage: DamageList;
}

export function isGzip(head: Uint8Array): boolean {
  return head[0] === MAGIC[0] && head[1] === MAGIC[1] && head[2] === METHOD_DEFLATE;
}

/** Throws DumpFormatError where nothing can be inflated of what is there, or where more comes out than allowed. */
export async function inflateGzip(source: RandomAccess, options: InflateOptions): Promise<Inflated> {
  const [flags = 0] = readBytes(source, FLAGS_OFFSET, 1);
  if ((flags & FLAGS_RESERVED) !== 0) throw formatError("bad-headers", FLAGS_OFFSET, "gzip flags below 0x20", hex(flags));
  const content = new GzipContent(source, options);
  const end = await readGzip(source, content, options.signal);
  if (end.type === "ended") content.beginMember(end.offset);
  content.checkTrailers();
  switch (end.type) {
    case "ended": {
      const { offset } = end;
      // Tapes and block devices leave zeros.
      const rest = await firstNonZero(source, offset, options.signal);
      if (rest === undefined) return content.toInflated("complete");
      const padded = `nothing but zeros from ${hex(offset)} on, behind the last gzip member`;
      const expected = rest === offset ? "another gzip header or the end of the file" : padded;
      return content.breakOff("bad-headers", rest, expected, describeRest(readBytes(source, rest, REST_SHOWN)));
    }
    case "cut-off":
      return content.breakOff("headers-cut-off", end.offset, "the rest of the compressed stream", "the end of the file");
    case "malformed":
      return content.breakOff("bad-headers", end.offset, end.expected, end.found);
  }
}

/** Where from `start` on the first byte lies that is not zero; undefined where none does. */
async function firstNonZero(source: RandomAccess, start: number, signal: AbortSignalLike | undefined): Promise<number | undefined> {
  const turns = new Turns(signal);
  for (let offset = start; ; ) {
    const bytes = readBytes(source, offset, REST_CHUNK_SIZE);
    if (bytes.length === 0) return undefined;
    const at = bytes.findIndex((byte) => byte !== 0);
    if (at >= 0) return offset + at;
    offset += bytes.length;
    await turns.give();
  }
}

function describeRest(head: Uint8Array): string {
  // As gzip(1) leaves it out: behind a gap stands what the medium held before, as likely as more of the same file.
  if (isGzip(head)) return "another gzip header behind zeros, which is not read";
  return `something else, which begins with ${[...head].map(hex).join(" ")}`;
}

interface EndedMember {
  readonly trailerOffset: number;
  readonly crc: number;
  readonly size: number;
}

class GzipContent implements GzipMembers {
  memberStart = 0;
  readonly #source: RandomAccess;
  readonly #damage: DamageList;
  readonly #maximumInflatedBytes: number;
  readonly #store = new BlockStore();
  /** The size of the store when the current member began. */
  #sizeBefore = 0;
  #crc = 0;
  #ended: EndedMember[] = [];
  #lengthsAreRight = true;

  constructor(source: RandomAccess, { maximumInflatedBytes, damage }: InflateOptions) {
    this.#source = source;
    this.#damage = damage;
    this.#maximumInflatedBytes = maximumInflatedBytes;
  }

  get memberSize(): number {
    return this.#store.size - this.#sizeBefore;
  }

  take(bytes: Uint8Array, offset: number): void {
    const maximumInflatedBytes = this.#maximumInflatedBytes;
    if (this.#store.size + bytes.length > maximumInflatedBytes) {
      const expected = `at most ${maximumInflatedBytes} bytes of inflated content`;
      throw formatError("inflated-too-large", offset, expected, "more", { maximumInflatedBytes });
    }
    this.#store.append(bytes);
    this.#crc = crc32(bytes, this.#crc);
  }

  beginMember(offset: number): void {
    this.#ended.push({ trailerOffset: offset - TRAILER_SIZE, crc: this.#crc, size: this.memberSize });
    this.memberStart = offset;
    this.#sizeBefore = this.#store.size;
    this.#crc = 0;
  }

  checkTrailers(): void {
    if (this.#ended.length === 0) return;
    for (const { trailerOffset, crc, size } of this.#ended) {
      const trailer = new DataView(new ArrayBuffer(TRAILER_SIZE));
      readInto(this.#source, trailerOffset, new Uint8Array(trailer.buffer));
      const storedCrc = trailer.getUint32(0, true);
      const storedSize = trailer.getUint32(4, true);
      if (storedCrc !== crc) this.#damage.add(trailerOffset, `inflated content with the CRC-32 ${hex(storedCrc)} (gzip)`, hex(crc));
      if (storedSize !== size % 2 ** 32) {
        this.#lengthsAreRight = false;
        this.#damage.add(trailerOffset + 4, `${storedSize} inflated bytes (gzip, modulo 2^32)`, `${size}`);
      }
    }
    this.#ended = [];
  }

  toInflated(state: "complete" | "incomplete"): Inflated {
    return { source: this.#store.toSource(), incomplete: state === "incomplete" || !this.#lengthsAreRight };
  }

  /** What there is, the rest being damage; refused where there is nothing. */
  breakOff(code: "headers-cut-off" | "bad-headers", offset: number, expected: string, found: string): Inflated {
    const { size } = this.#store;
    if (size === 0) throw formatError(code, offset, expected, found);
    this.#damage.add(offset, `${expected} (gzip, compressed)`, `${found}; ${size} bytes were inflated before it`);
    return this.toInflated("incomplete");
  }
}
