/**
 * Ascending order for a large batch: addresses of one table are then taken in together, while the table is in the cache.
 *
 * A stable radix sort by page number. Of an address that is there twice the first stays first, and so does its tag.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";

const PAGE_BITS = BigInt(layout.PAGE_BITS);
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Below this the batch is in the cache anyway. */
const LEAST = 4096;
const PAGES_OF_HIGH_WORD = 1_048_576; // bits 63-32 of a VA count 2^20 pages each

/** Whether the pages of `vas` come in ascending order, as the core sees it: several times as fast as `pageOrder` does. */
export function isAscending(core: Core, vas: BigUint64Array): boolean {
  for (let from = 0; from < vas.length; from += layout.BATCH_LENGTH) {
    if (from > 0 && vas[from] >> PAGE_BITS < vas[from - 1] >> PAGE_BITS) return false;
    if (!core.exports.ascends(core.fillBatch(vas, from, vas.length))) return false;
  }
  return true;
}

/** Places of `vas` in ascending order of page; undefined: as they stand is good enough, or they lie too far apart. */
export function pageOrder(vas: BigUint64Array): Uint32Array | undefined {
  if (vas.length < LEAST) return undefined;
  const words = new Uint32Array(vas.buffer, vas.byteOffset, 2 * vas.length);
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let before = 0;
  let isAscending = true;
  for (let i = 0; i < words.length; i += 2) {
    const page = words[i + 1] * PAGES_OF_HIGH_WORD + (words[i] >>> 12);
    if (page < before) isAscending = false;
    before = page;
    if (page < least) least = page;
    if (page > most) most = page;
  }
  if (isAscending || most - least >= 2 ** 32) return undefined;
  let keys = new Uint32Array(vas.length);
  for (let i = 0; i < vas.length; i++) keys[i] = words[2 * i + 1] * PAGES_OF_HIGH_WORD + (words[2 * i] >>> 12) - least;
  let places = new Uint32Array(vas.length);
  for (let i = 0; i < places.length; i++) places[i] = i;
  let otherKeys = new Uint32Array(vas.length);
  let otherPlaces = new Uint32Array(vas.length);
  for (let shift = 0; shift < 32 && (most - least) / 2 ** shift >= 1; shift += DIGIT_BITS) {
    distribute(keys, places, otherKeys, otherPlaces, shift);
    [keys, otherKeys] = [otherKeys, keys];
    [places, otherPlaces] = [otherPlaces, places];
  }
  return places;
}

function distribute(keys: Uint32Array, places: Uint32Array, toKeys: Uint32Array, toPlaces: Uint32Array, shift: number): void {
  const starts = new Uint32Array(DIGITS + 1);
  for (let i = 0; i < keys.length; i++) starts[((keys[i] >>> shift) & (DIGITS - 1)) + 1]++;
  for (let digit = 1; digit < DIGITS; digit++) starts[digit] += starts[digit - 1];
  for (let i = 0; i < keys.length; i++) {
    const to = starts[(keys[i] >>> shift) & (DIGITS - 1)]++;
    toKeys[to] = keys[i];
    toPlaces[to] = places[i];
  }
}

/** `values[order[i]]` at place i. */
export function arranged(values: BigUint64Array, order: Uint32Array): BigUint64Array {
  const result = new BigUint64Array(values.length);
  const from = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const to = new Uint32Array(result.buffer);
  for (let i = 0; i < order.length; i++) {
    to[2 * i] = from[2 * order[i]];
    to[2 * i + 1] = from[2 * order[i] + 1];
  }
  return result;
}

/** The inverse of `arranged`: `values[i]` at place `order[i]`. */
export function rearranged(values: BigUint64Array, order: Uint32Array): BigUint64Array {
  const result = new BigUint64Array(values.length);
  const from = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const to = new Uint32Array(result.buffer);
  for (let i = 0; i < order.length; i++) {
    to[2 * order[i]] = from[2 * i];
    to[2 * order[i] + 1] = from[2 * i + 1];
  }
  return result;
}
