/**
 * Addresses come and go: into the leaf nodes' cells, a reference at a time, and out of them.
 *
 * An address is a cell (or a row, where several share a page): offset in the page, references, tag. It is in exactly one
 * trie of its space. Its backed bit says whether it is counted among the backed ones, so that giving it back need not ask
 * the table.
 */
import { allocate, release } from "./arena";
import { setBit } from "./bitmap";
import {
  BATCH_IN,
  BATCH_OUT,
  BATCH_TAGS,
  CELL_BACKED,
  CELL_CHAINED,
  CELL_MOST_REFERENCES,
  CELL_OFFSET,
  CELL_REFERENCE,
  CELL_SCRATCH,
  CONTROL,
  CONTROL_ADDRESSES,
  CONTROL_BACKED,
  CONTROL_SUSPECTS,
  LEAF_REACH_LOG2,
  LEFT_EMPTY_SPACE,
  LEFT_NOTHING,
  LEFT_SUSPECTS,
  NODE_CHAINED,
  NODE_COUNT,
  NODE_USED,
  OUTCOME_BACKED,
  OUTCOME_PA,
  PAGE_BITS,
  ROW_BYTES_LOG2,
  ROW_NEXT,
  ROW_OFFSET,
  ROW_REFERENCES,
  ROW_TAG,
  SPACE_ADDRESSES,
  SPACE_CUTS,
  TRIES,
} from "./layout";
import { PagingMode } from "./mode";
import { inherited, outcomeIn, outcomeOf, uncutEntries } from "./outcome";
import { unuse } from "./tables";
import {
  addCell,
  CELL_LOG2,
  cellFound,
  cellIn,
  cellOf,
  directCells,
  findLeaf,
  hasRoomForAddresses,
  isUsed,
  leafFor,
  prune,
  removeCell,
  reserveCells,
  slotAt,
  touch,
} from "./trie";

const NONE: u64 = ~(<u64>0);

/**
 * Takes in `count` addresses of BATCH_IN with the tags of BATCH_TAGS; answers how many: fewer, where memory is exhausted.
 * Addresses of one leaf node that come one after the other are taken in together.
 */
export function takeIn(space: usize, count: u32): u32 {
  let i: u32 = 0;
  while (i < count) {
    const va = load<u64>(BATCH_IN + ((<usize>i) << 3));
    const cuts = load<u32>(space, SPACE_CUTS) != 0;
    let end = cuts ? i + 1 : endOfRun(i, count);
    if (!hasRoomForAddresses(end - i)) {
      end = i + 1;
      if (!hasRoomForAddresses(1)) break;
    }
    if (!cuts || !referenceCut(space, va)) takeRun(space, leafFor(space, va), i, end);
    i = end;
  }
  return i;
}

/** End of the addresses from place `i` on that one leaf node holds. */
function endOfRun(i: u32, count: u32): u32 {
  const reach = load<u64>(BATCH_IN + ((<usize>i) << 3)) >> LEAF_REACH_LOG2;
  let end = i + 1;
  while (end < count && load<u64>(BATCH_IN + ((<usize>end) << 3)) >> LEAF_REACH_LOG2 == reach) end++;
  return end;
}

function takeRun(space: usize, leaf: usize, from: u32, end: u32): void {
  if (end - from > 1) reserveCells(leaf, pagesOfRun(from, end));
  const cells = directCells(leaf);
  let added: i32 = 0;
  for (let i = from; i < end; i++) {
    const va = load<u64>(BATCH_IN + ((<usize>i) << 3));
    const slot = slotAt(va, 1);
    const offset = <u32>va & CELL_OFFSET;
    const tag = load<u32>(BATCH_TAGS + ((<usize>i) << 2));
    if (isUsed(leaf, slot)) {
      reference(space, leaf, cellOf(leaf, slot), offset, tag);
      continue;
    }
    const cell = cells ? cells + ((<usize>slot) << CELL_LOG2) : addCell(leaf, slot);
    if (cells) setBit(leaf + NODE_USED, slot);
    store<u64>(cell, tag | ((<u64>(offset | CELL_REFERENCE)) << 32));
    added++;
  }
  if (!added) return;
  if (cells) store<u16>(leaf, <u16>(load<u16>(leaf, NODE_COUNT) + added), NODE_COUNT);
  touch(leaf, 0);
  countAddress(space, added);
}

/** Pages of a run that are not the page before it: how many there are, where the run is in order, and no fewer elsewhere. */
function pagesOfRun(from: u32, end: u32): u32 {
  let pages: u32 = 0;
  let before = NONE;
  for (let i = from; i < end; i++) {
    const page = load<u64>(BATCH_IN + ((<usize>i) << 3)) >> PAGE_BITS;
    pages += u32(page != before);
    before = page;
  }
  return pages;
}

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
  // Half of the space added, those of both halves lie side by side from 0 on: nearly always there is none that does not.
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

function countAddress(space: usize, by: i32): void {
  store<u32>(space, load<u32>(space, SPACE_ADDRESSES) + by, SPACE_ADDRESSES);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_ADDRESSES) + by, CONTROL_ADDRESSES);
}

function countBacked(by: i32): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_BACKED) + by, CONTROL_BACKED);
}

/** One reference more to an address whose path ended at an unreadable table; false: there is none such. */
function referenceCut(space: usize, va: u64): bool {
  for (let trie: u32 = 1; trie < TRIES; trie++) {
    const leaf = findLeaf(space, trie, va);
    const slot = slotAt(va, 1);
    if (!leaf || !isUsed(leaf, slot)) continue;
    const cell = cellOf(leaf, slot);
    if (!holds(cell, <u32>va & CELL_OFFSET)) continue;
    reference(space, leaf, cell, <u32>va & CELL_OFFSET, 0);
    return true;
  }
  return false;
}

function holds(cell: usize, offset: u32): bool {
  const word = load<u32>(cell, 4);
  return word & CELL_CHAINED ? rowAt(cell, offset) != 0 : (word & CELL_OFFSET) == offset;
}

/** The row of an offset in a chained cell; 0: none. */
function rowAt(cell: usize, offset: u32): usize {
  let row: usize = load<u32>(cell);
  while (row && (load<u32>(row, ROW_OFFSET) & CELL_OFFSET) != offset) row = load<u32>(row, ROW_NEXT);
  return row;
}

/** One reference more in a page that is in use: to an address that is there, or to a new one of that page. */
function reference(space: usize, leaf: usize, cell: usize, offset: u32, tag: u32): void {
  const word = load<u32>(cell, 4);
  if (!(word & CELL_CHAINED)) {
    if ((word & CELL_OFFSET) == offset && word / CELL_REFERENCE < CELL_MOST_REFERENCES) {
      store<u32>(cell, word + CELL_REFERENCE, 4);
      return;
    }
    makeChained(cell);
    store<u8>(leaf, 1, NODE_CHAINED);
  }
  const row = rowAt(cell, offset);
  if (row) {
    store<u32>(row, load<u32>(row, ROW_REFERENCES) + 1, ROW_REFERENCES);
    return;
  }
  const added = allocate(ROW_BYTES_LOG2);
  store<u32>(added, tag, ROW_TAG);
  store<u32>(added, 1, ROW_REFERENCES);
  store<u32>(added, offset, ROW_OFFSET);
  linkRow(cell, added);
  countAddress(space, 1);
}

/** Puts a row in its place, ascending by offset: events of one page come in that order. */
function linkRow(cell: usize, row: usize): void {
  const offset = load<u32>(row, ROW_OFFSET) & CELL_OFFSET;
  let link = cell; // ROW_NEXT is 0, as is the cell's first row
  while (load<u32>(link) && (load<u32>(load<u32>(link), ROW_OFFSET) & CELL_OFFSET) < offset) link = load<u32>(link);
  store<u32>(row, load<u32>(link), ROW_NEXT);
  store<u32>(link, <u32>row);
}

/** Joins what two cells of one page hold, into the first; rows and references as they are. Memory is reserved. */
export function merge(into: usize, from: u64): void {
  makeChained(into);
  const scratch = <usize>CELL_SCRATCH;
  store<u64>(scratch, from);
  makeChained(scratch);
  for (let row: usize = load<u32>(scratch); row; ) {
    const next = load<u32>(row, ROW_NEXT);
    linkRow(into, row);
    row = next;
  }
}

function makeChained(cell: usize): void {
  const word = load<u32>(cell, 4);
  if (word & CELL_CHAINED) return;
  const row = allocate(ROW_BYTES_LOG2);
  store<u32>(row, 0, ROW_NEXT);
  store<u32>(row, load<u32>(cell), ROW_TAG);
  store<u32>(row, word / CELL_REFERENCE, ROW_REFERENCES);
  store<u32>(row, word & (CELL_OFFSET | CELL_BACKED), ROW_OFFSET);
  store<u32>(cell, <u32>row);
  store<u32>(cell, CELL_CHAINED, 4);
}

/** The leaf node whose cell holds an address, in whichever trie; 0: the address is not monitored. */
export function locate(space: usize, va: u64): usize {
  const slot = slotAt(va, 1);
  const offset = <u32>va & CELL_OFFSET;
  const first = findLeaf(space, 0, va); // apart from the loop: nearly all addresses are there
  if (first && isUsed(first, slot) && holds(cellFound(first, slot), offset)) return first;
  const tries = load<u32>(space, SPACE_CUTS) ? TRIES : 1;
  for (let trie: u32 = 1; trie < tries; trie++) {
    const leaf = findLeaf(space, trie, va);
    if (leaf && isUsed(leaf, slot) && holds(cellOf(leaf, slot), offset)) return leaf;
  }
  return 0;
}

/** Counts the backed ones among the first `count` of BATCH_IN that are not counted yet, and answers all PAs in BATCH_OUT. */
export function settleTaken<M extends PagingMode>(space: usize, count: u32): void {
  let backed: i32 = 0;
  const cuts = load<u32>(space, SPACE_CUTS) != 0;
  for (let i: u32 = 0; i < count; ) {
    const va = load<u64>(BATCH_IN + ((<usize>i) << 3));
    const leaf = cuts ? locate(space, va) : findLeaf(space, 0, va);
    const end = cuts ? i + 1 : endOfRun(i, count);
    backed += settleRun<M>(leaf, i, end);
    i = end;
  }
  if (backed) countBacked(backed);
}

/** The same for addresses of one leaf node; answers how many more are backed. */
function settleRun<M extends PagingMode>(leaf: usize, from: u32, end: u32): i32 {
  const above = inherited<M>(leaf);
  const entries = uncutEntries(leaf, above);
  const cells = directCells(leaf);
  let backed: i32 = 0;
  for (let i = from; i < end; i++) {
    const va = load<u64>(BATCH_IN + ((<usize>i) << 3));
    const slot = slotAt(va, 1);
    const outcome = outcomeIn<M>(entries, leaf, slot, above);
    const offset = <u32>va & CELL_OFFSET;
    if (!(outcome & OUTCOME_BACKED)) {
      store<u64>(BATCH_OUT + ((<usize>i) << 3), NONE);
      continue;
    }
    const flags = flagsOf(cellIn(cells, leaf, slot), offset);
    const word = load<u32>(flags);
    backed += i32(!(word & CELL_BACKED));
    store<u32>(flags, word | CELL_BACKED);
    store<u64>(BATCH_OUT + ((<usize>i) << 3), (outcome & OUTCOME_PA) | offset);
  }
  return backed;
}

/** Where the backed bit of an address lies. */
function flagsOf(cell: usize, offset: u32): usize {
  return load<u32>(cell, 4) & CELL_CHAINED ? rowAt(cell, offset) + ROW_OFFSET : cell + 4;
}

/** Gives back one reference of an address, or all. Answers what that leaves to do (LEFT_...). */
export function giveBack(space: usize, va: u64, all: bool): u32 {
  giveBackReferences(space, va, all);
  return (
    (load<u32>(CONTROL, CONTROL_SUSPECTS) ? LEFT_SUSPECTS : 0) |
    (load<u32>(space, SPACE_ADDRESSES) ? 0 : LEFT_EMPTY_SPACE) |
    (load<u32>(CONTROL, CONTROL_ADDRESSES) ? 0 : LEFT_NOTHING)
  );
}

/** Gives back one reference of each of the first `count` addresses of BATCH_IN. */
export function giveBackMany(space: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    giveBackReferences(space, load<u64>(BATCH_IN + ((<usize>i) << 3)), false);
  }
}

function giveBackReferences(space: usize, va: u64, all: bool): void {
  const leaf = locate(space, va);
  if (!leaf) return; // not monitored
  const slot = slotAt(va, 1);
  const offset = <u32>va & CELL_OFFSET;
  const cell = cellOf(leaf, slot);
  const word = load<u32>(cell, 4);
  let flags = word;
  if (word & CELL_CHAINED) {
    const row = rowAt(cell, offset);
    const references = load<u32>(row, ROW_REFERENCES);
    if (references > 1 && !all) {
      store<u32>(row, references - 1, ROW_REFERENCES);
      return;
    }
    flags = load<u32>(row, ROW_OFFSET);
    let link = cell;
    while (load<u32>(link) != <u32>row) link = load<u32>(link);
    store<u32>(link, load<u32>(row, ROW_NEXT));
    release(row, ROW_BYTES_LOG2);
  } else {
    if (word / CELL_REFERENCE > 1 && !all) {
      store<u32>(cell, word - CELL_REFERENCE, 4);
      return;
    }
    store<u32>(cell, 0);
  }
  countAddress(space, -1);
  if (flags & CELL_BACKED) countBacked(-1);
  if (word & CELL_CHAINED && load<u32>(cell)) return; // others of the page are left
  removeCell(leaf, slot);
  unuse(leaf, slot);
  prune(leaf);
}

/** What is kept of one address, for `lookup`: 0 where it is not monitored, else 1 and { u32 tag, u32 references, u64 outcome } in BATCH_OUT. */
export function lookUp<M extends PagingMode>(space: usize, va: u64): u32 {
  const leaf = locate(space, va);
  if (!leaf) return 0;
  const slot = slotAt(va, 1);
  const cell = cellOf(leaf, slot);
  const word = load<u32>(cell, 4);
  const row = word & CELL_CHAINED ? rowAt(cell, <u32>va & CELL_OFFSET) : 0;
  store<u32>(BATCH_OUT, row ? load<u32>(row, ROW_TAG) : load<u32>(cell));
  store<u32>(BATCH_OUT, row ? load<u32>(row, ROW_REFERENCES) : word / CELL_REFERENCE, 4);
  store<u64>(BATCH_OUT, outcomeOf<M>(leaf, slot, inherited<M>(leaf)), 8);
  return 1;
}
