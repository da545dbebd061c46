/**
 * What to watch: `VA[+LENGTH][=TAG]`.
 *
 * Without a length the one address is watched. With one it is an address in each page, its first byte, from the page of
 * VA to the page of the last byte. The tag is VA as `0x…` where none is given; it may hold any character, `=` and `+`
 * among them.
 */

import { ADDRESS_LIMIT, FRAME_SIZE } from "../../model/address.js";
import { hex } from "../../model/hex.js";
import { UsageError } from "../failure.js";
import { parseAddress, parseLength } from "./number.js";
import { checkCanonical } from "./range.js";

export interface Watch {
  /** First address to watch. */
  readonly va: bigint;
  /** Addresses, a page apart. */
  readonly pages: number;
  readonly tag: string;
}

const PAGE_BYTES = BigInt(FRAME_SIZE);
/** All watches together: 64 GiB of addresses. The monitor keeps every one of them. */
export const LARGEST_WATCHED_PAGES = 2 ** 24;

/** Throws UsageError where `spec` is none, or runs past the end of the address space, or is too long to be watched. */
export function parseWatch(spec: string): Watch {
  const what = `--watch ${spec}`;
  const tagAt = spec.indexOf("=");
  const place = tagAt < 0 ? spec : spec.slice(0, tagAt);
  const lengthAt = place.indexOf("+");
  const va = parseAddress(lengthAt < 0 ? place : place.slice(0, lengthAt), what);
  const tag = tagAt < 0 ? hex(va) : spec.slice(tagAt + 1);
  if (tag === "") throw new UsageError(`${what}: the tag is empty: leave out "=" to have the address as tag`);
  if (lengthAt < 0) return { va, pages: 1, tag };
  const length = parseLength(place.slice(lengthAt + 1), what);
  if (length === 0n) throw new UsageError(`${what}: the length is 0: nothing to watch`);
  if (va + length > ADDRESS_LIMIT) throw new UsageError(`${what}: ends at ${hex(va + length)}, past the end of the address space`);
  const first = pageOf(va);
  const pages = (pageOf(va + length - 1n) - first) / PAGE_BYTES + 1n;
  if (pages > LARGEST_WATCHED_PAGES) throw new UsageError(tooMany(what, pages));
  return { va: first, pages: Number(pages), tag };
}

/** Throws UsageError where there is nothing to watch, or more than a monitor is asked to keep. */
export function checkWatches(watches: readonly Watch[]): void {
  if (watches.length === 0) throw new UsageError("nothing to watch: give --watch VA, or --watch VA+LENGTH=TAG, once or more");
  const pages = watches.reduce((sum, watch) => sum + BigInt(watch.pages), 0n);
  if (pages > LARGEST_WATCHED_PAGES) throw new UsageError(tooMany("--watch", pages));
}

/** Throws UsageError where an address of `watch` is not canonical in a mode of `virtualAddressBits`. */
export function checkWatchCanonical(watch: Watch, virtualAddressBits: number): void {
  const last = watch.va + BigInt(watch.pages - 1) * PAGE_BYTES;
  // The hole between the halves is wider than any watch: it cannot lie inside one whose ends are canonical.
  for (const va of [watch.va, last]) checkCanonical(va, virtualAddressBits, `--watch ${watch.tag}`);
}

/** The addresses `from` to `to` of a watch, by index: half-open. */
export function watchedAddresses(watch: Watch, from: number, to: number): BigUint64Array {
  const vas = new BigUint64Array(to - from);
  let va = watch.va + BigInt(from) * PAGE_BYTES;
  for (let i = 0; i < vas.length; i++) {
    vas[i] = va;
    va += PAGE_BYTES;
  }
  return vas;
}

function pageOf(va: bigint): bigint {
  return va - (va % PAGE_BYTES);
}

function tooMany(what: string, pages: bigint): string {
  return `${what}: ${pages} pages are more than the ${LARGEST_WATCHED_PAGES} (64 GiB) that one replay keeps: watch smaller ranges, in several replays`;
}
