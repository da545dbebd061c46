/**
 * The addresses of a batch, looked at before any of them is taken in or found: their order, their form, and how many
 * lie together.
 *
 * Addresses that come one after the other mostly lie under one leaf node, a run; what is the same for all of a run is
 * done once.
 */
import { BATCH_IN, LEAF_REACH_LOG2, PAGE_BITS } from "../layout";

const NO_PAGE: u64 = ~(<u64>0);

/** Whether no address of BATCH_IN lies in a page below that of the one before it; as a number, for TypeScript. */
export function ascends(count: u32): u32 {
  let before: u64 = 0;
  let falls: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const page = load<u64>(BATCH_IN + ((<usize>i) << 3)) >> PAGE_BITS;
    falls |= page - before; // below 0 where it falls: no branch
    before = page;
  }
  return u32(<i64>falls >= 0);
}

/** First of `count` addresses of BATCH_IN whose bits from `bits` - 1 up are not all equal; `count`: there is none. */
export function firstNonCanonical(count: u32, bits: u32): u32 {
  // Adding half the space moves both canonical halves into 0 … 2^bits: one OR over all sums tells whether any VA lies
  // outside. That is rare, so only then is it looked for.
  const half = (<u64>1) << (bits - 1);
  const end = BATCH_IN + ((<usize>count) << 3);
  let above: u64 = 0;
  for (let at: usize = BATCH_IN; at < end; at += 8) above |= load<u64>(at) + half;
  if (!(above >> bits)) return count;
  for (let at: usize = BATCH_IN; at < end; at += 8) {
    if ((load<u64>(at) + half) >> bits) return <u32>((at - BATCH_IN) >> 3);
  }
  return count;
}

/** End of the addresses from place `i` on that one leaf node holds. */
export function endOfRun(i: u32, count: u32): u32 {
  const reach = load<u64>(BATCH_IN + ((<usize>i) << 3)) >> LEAF_REACH_LOG2;
  let end = i + 1;
  while (end < count && load<u64>(BATCH_IN + ((<usize>end) << 3)) >> LEAF_REACH_LOG2 == reach) end++;
  return end;
}

/**
 * Pages of a run that are not the page before it: how many there are, where the run is in order, and no fewer
 * elsewhere.
 */
export function pagesOfRun(from: u32, end: u32): u32 {
  let pages: u32 = 0;
  let before = NO_PAGE;
  for (let i = from; i < end; i++) {
    const page = load<u64>(BATCH_IN + ((<usize>i) << 3)) >> PAGE_BITS;
    pages += u32(page != before);
    before = page;
  }
  return pages;
}
