/**
 * Addresses are taken in, a reference at a time, found, and counted as backed; give-back.ts gives them back.
 *
 * An address is in exactly one trie of its space. Its backed bit says whether it is counted among the backed ones, so
 * that giving it back need not ask the table.
 */

import {
  BATCH_IN,
  BATCH_OUT,
  BATCH_TAGS,
  CELL_BACKED,
  CELL_CHAINED,
  CELL_MOST_REFERENCES,
  CELL_OFFSET,
  CELL_REFERENCE,
  CONTROL,
  CONTROL_ADDRESSES,
  CONTROL_BACKED,
  CONTROL_TAKEN,
  NO_MEMORY,
  NODE_CHAINED,
  NODE_COUNT,
  NODE_USED,
  OUTCOME_BACKED,
  OUTCOME_PA,
  ROUNDS_MONITORING,
  ROW_BYTES_LOG2,
  ROW_OFFSET,
  ROW_REFERENCES,
  ROW_TAG,
  SPACE_ADDRESSES,
  SPACE_CUTS,
  TRIES,
} from "../layout";
import { allocate } from "../memory/arena";
import { setBit } from "../memory/bitmap";
import { PagingMode } from "../mode";
import { endOfRun, pagesOfRun } from "./batch";
import { flagsOf, holds, linkRow, makeChained, rowAt } from "./cells";
import { inherited, outcomeIn, outcomeOf, uncutEntries } from "./outcome";
import { beginRounds } from "./rounds";
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
  reserveCells,
  slotAt,
  touch,
} from "./trie";

const NOT_BACKED: u64 = ~(<u64>0);

/**
 * Takes in the first `count` addresses of BATCH_IN with the tags of BATCH_TAGS and begins the rounds; CONTROL_TAKEN
 * says how many there was memory for.
 */
export function takeIn<M extends PagingMode>(space: usize, count: u32): u32 {
  const taken = takeBatch(space, count);
  store<u32>(CONTROL, taken, CONTROL_TAKEN);
  return taken < count ? NO_MEMORY : beginRounds<M>(ROUNDS_MONITORING);
}

/**
 * Answers how many of the batch have been taken in: fewer, where memory is exhausted. Addresses of one leaf node that
 * come one after the other are taken in together.
 */
function takeBatch(space: usize, count: u32): u32 {
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

/**
 * Counts the backed ones among the first `count` of BATCH_IN that are not counted yet, and answers all PAs in
 * BATCH_OUT.
 */
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
      store<u64>(BATCH_OUT + ((<usize>i) << 3), NOT_BACKED);
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

/**
 * What is kept of the first address of BATCH_IN, for `lookup`: 0 where it is not monitored, else 1 and { u32 tag, u32
 * references, u64 outcome } in BATCH_OUT.
 */
export function lookUp<M extends PagingMode>(space: usize): u32 {
  const va = load<u64>(BATCH_IN);
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

export function countAddress(space: usize, by: i32): void {
  store<u32>(space, load<u32>(space, SPACE_ADDRESSES) + by, SPACE_ADDRESSES);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_ADDRESSES) + by, CONTROL_ADDRESSES);
}

export function countBacked(by: i32): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_BACKED) + by, CONTROL_BACKED);
}
