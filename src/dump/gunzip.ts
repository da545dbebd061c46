/**
 * A gzip file (RFC 1952) fed to fflate piece by piece, so that as little as possible is lost where it is damaged.
 *
 * fflate says where a member begins but not where the last one ends, and hands out nothing of a piece that it refuses, nor
 * of a stored block before it is whole. Hence:
 *
 * - The file is followed by END_MARK, which is no gzip header. fflate refuses the fourth byte behind a member and its trailer where
 *   it sees none, and END_MARK is no longer than that: refused there, the file ended with a whole member; not refused, it is cut off.
 * - Of a stored block that the file ends in, what there is is taken out of what fflate waits with.
 * - A refused piece is gone through again in smaller ones, down to bytes: its member is inflated anew, and what is known of it dropped.
 *
 * The rule: what `GzipMembers` is told is in order and told once, whatever is inflated twice. Memory is a piece, what
 * it inflates to (DEFLATE makes 1032 bytes of one at most), and, before a stored block or a header is whole,
 * LONGEST_HEADER.
 */

import { FlateErrorCode, Gunzip } from "fflate";
import type { RandomAccess } from "../model/dump.js";
import type { AbortSignalLike } from "../model/platform.js";
import { Turns } from "../model/turns.js";
import { readBytes } from "./source.js";
import { unfinishedStoredBlock } from "./stored-block.js";

/** Told what comes out. */
export interface GzipMembers {
  /** Where in the file the current member begins; 0 at first. */
  readonly memberStart: number;
  /** How much of the current member has been taken. */
  readonly memberSize: number;
  /** More of the current member, found at or before `offset` in the file. */
  take(bytes: Uint8Array, offset: number): void;
  /** The current member has ended, and what comes now, from `offset` on, is another. Nothing may be read in here. */
  beginMember(offset: number): void;
  /** Called when the members that ended may be looked at. */
  checkTrailers(): void;
}

export type GzipEnd =
  /** The last member is whole, trailer and all; at `offset`, behind it, no other begins. */
  | { readonly type: "ended"; readonly offset: number }
  | { readonly type: "cut-off"; readonly offset: number }
  /** The stream makes no sense: this shows in the byte at `offset`, and may be due to one before. */
  | { readonly type: "malformed"; readonly offset: number; readonly expected: string; readonly found: string };

/** Smaller ones are slower, larger ones let more come out before the bound on it is looked at: 16 MiB as it is. */
const PIECE_SIZE = 2 ** 14;
/** Halfway to a byte: some hundred pushes each, which cost as much as a hundred kilobytes do. */
const SMALL_PIECE_SIZE = 2 ** 7;
const END_MARK = new Uint8Array(4);
/**
 * An empty member, fed before the file: fflate believes in 32 KiB of zeros before the very first member where its
 * header and its body come in two pieces, and lets it refer to them.
 */
const EMPTY_MEMBER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0);
/** An extra field of 64 KiB, and names as long. */
const LONGEST_HEADER = 2 ** 17;

/** Goes on from `start`, before which pieces are large, in pieces of `step` bytes; no further than `end`. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** fflate refused the piece at `offset`. */
interface Refusal {
  readonly type: "refused";
  readonly offset: number;
  readonly length: number;
  readonly code: number;
  readonly message: string;
}

/** Reads members until the file ends, or what is in it does. */
export async function readGzip(source: RandomAccess, members: GzipMembers, signal: AbortSignalLike | undefined): Promise<GzipEnd> {
  let end = await feed(source, members, { start: 0, end: Number.POSITIVE_INFINITY, step: PIECE_SIZE }, signal);
  while (end.type === "refused" && end.length > 1) {
    const step = end.length > SMALL_PIECE_SIZE ? SMALL_PIECE_SIZE : 1;
    end = await feed(source, members, { start: end.offset, end: end.offset + end.length, step }, signal);
  }
  if (end.type !== "refused") return end;
  // Refused is the last of the bytes that it looks at.
  if (end.code === FlateErrorCode.InvalidHeader) return { type: "ended", offset: end.offset + 1 - END_MARK.length };
  return { type: "malformed", offset: end.offset, expected: "DEFLATE data, undamaged up to here", found: end.message };
}

async function feed(
  source: RandomAccess,
  members: GzipMembers,
  stretch: Stretch,
  signal: AbortSignalLike | undefined,
): Promise<GzipEnd | Refusal> {
  const base = members.memberStart;
  let { size } = source;
  let offset = base;
  let known = members.memberSize;
  let headerSize = 0;
  let unfinished: Uint8Array = new Uint8Array(0);
  const turns = new Turns(signal);
  const gunzip = new Gunzip((bytes) => {
    headerSize = 0;
    const again = Math.min(known, bytes.length);
    known -= again;
    // What END_MARK is taken for, where the file is cut off, is none of its content.
    if (offset < size && again < bytes.length) members.take(bytes.subarray(again), offset);
  });
  gunzip.onmember = (fed) => {
    const start = base + fed - EMPTY_MEMBER.length;
    if (start > base) members.beginMember(start);
  };
  gunzip.push(EMPTY_MEMBER.slice());

  while (offset < Math.min(stretch.end, size + END_MARK.length)) {
    // Before END_MARK is taken for the rest of it.
    if (offset === size) unfinished = unfinishedStoredBlock(gunzip);
    // fflate may keep it: always a new one.
    const piece = offset < size ? readBytes(source, offset, pieceSize(offset, stretch)) : END_MARK.slice(0, 1);
    if (piece.length === 0) {
      size = offset;
      continue;
    }
    headerSize += piece.length;
    try {
      gunzip.push(piece);
    } catch (error) {
      if (!isFlateError(error)) throw error;
      // END_MARK was taken for more of the stream.
      if (offset >= size && error.code !== FlateErrorCode.InvalidHeader) break;
      return { type: "refused", offset, length: piece.length, code: error.code, message: error.message };
    }
    members.checkTrailers();
    if (headerSize > LONGEST_HEADER + PIECE_SIZE) {
      return { type: "malformed", offset, expected: `a gzip header of at most ${LONGEST_HEADER} bytes`, found: "a longer one" };
    }
    offset += piece.length;
    await turns.give();
  }
  members.take(unfinished, size);
  return { type: "cut-off", offset: Math.min(offset, size) };
}

/** Pieces end at multiples of their size, whatever they began with: what is refused once is refused again. */
function pieceSize(offset: number, { start, step }: Stretch): number {
  return offset < start ? Math.min(PIECE_SIZE - (offset % PIECE_SIZE), start - offset) : step - (offset % step);
}

function isFlateError(error: unknown): error is Error & { readonly code: number } {
  return error instanceof Error && "code" in error && typeof error.code === "number";
}
