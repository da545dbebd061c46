/**
 * What there is of a stored block (RFC 1951 3.2.4) when the stream ends inside it: bytes as they are, which need no inflating.
 *
 * fflate hands out a stored block once it has all of it. What it waits with, and where in that the next block begins, stands in
 * fields that it promises nobody. The rule: they are believed only where they are of the known kind and what they lead to is
 * the header of a stored block longer than what there is; otherwise there is nothing, as fflate says.
 *
 *   | bits             | of a stored block                             |
 *   | 1                | BFINAL                                        |
 *   | 2                | BTYPE, 0                                      |
 *   | to the next byte | of no meaning                                 |
 *   | 16               | LEN: how many bytes it holds                  |
 *   | 16               | NLEN: the complement, which fflate never reads |
 */

import type { Gunzip } from "fflate";

const BLOCK_HEADER_BITS = 3;
const BTYPE_SHIFT = 1;
const BTYPE_MASK = 3;
const LENGTHS_SIZE = 4;
const NOTHING = new Uint8Array(0);

/** fflate 0.8, in its own names. */
interface GunzipFields {
  /** What has been fed and is not done with. */
  readonly p: unknown;
  /** 0 within a member's blocks: no header is awaited. */
  readonly v: unknown;
  readonly s: {
    /** The bit of `p` at which to go on. */
    readonly p: unknown;
    /** The codes of the block that it is in, where that is a compressed one. */
    readonly l: unknown;
  };
}

/** The bytes of the stored block that `gunzip` waits for more of; none where it waits for something else. */
export function unfinishedStoredBlock(gunzip: Gunzip): Uint8Array {
  const { p: waiting, v: header, s: state } = gunzip as unknown as GunzipFields;
  if (!(waiting instanceof Uint8Array) || header !== 0 || typeof state?.p !== "number" || state.l) return NOTHING;
  const view = new DataView(waiting.buffer, waiting.byteOffset, waiting.byteLength);
  const start = Math.ceil((state.p + BLOCK_HEADER_BITS) / 8) + LENGTHS_SIZE;
  if (!(start >= LENGTHS_SIZE && start < waiting.length)) return NOTHING;
  if (((view.getUint16(0, true) >> (state.p + BTYPE_SHIFT)) & BTYPE_MASK) !== 0) return NOTHING;
  const length = view.getUint16(start - 4, true);
  const complement = view.getUint16(start - 2, true);
  return (length ^ complement) === 0xffff && length > waiting.length - start ? waiting.subarray(start) : NOTHING;
}
