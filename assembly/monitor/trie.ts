/**
 * Tries over the bits of the VA: where the monitored addresses of a space hang.
 *
 * A node has the slots of a table of its level, and stands on the table that its path leads to; an address never moves
 * when tables do. A slot is used where an address hangs below it. Cells lie packed by rank until a node is full, so
 * that one address under a table costs 16 bytes and 512 cost 8 each.
 */

import {
  CONTROL,
  CONTROL_CUTS,
  CONTROL_LAST_CELLS,
  CONTROL_LAST_LEAF,
  CONTROL_LAST_REACH,
  CONTROL_LAST_SPACE,
  CONTROL_LEVELS,
  CONTROL_TOUCHED,
  CONTROL_TOUCHED_LAST,
  ENTRIES,
  NODE_BYTES_LOG2,
  NODE_CAPACITY_LOG2,
  NODE_CELLS,
  NODE_COUNT,
  NODE_CUT,
  NODE_FLAG_STAND,
  NODE_FLAG_TOUCHED,
  NODE_FLAGS,
  NODE_LEVEL,
  NODE_PARENT,
  NODE_SCRATCH,
  NODE_SLOT,
  NODE_SPACE,
  NODE_TABLE,
  NODE_TOUCHED_NEXT,
  NODE_USED,
  NODE_VA,
  PAGE_BITS,
  ROW_BYTES_LOG2,
  SCRATCH_BYTES_LOG2,
  SLOT_BITS,
  SPACE_CUTS,
  SPACE_TRIES,
  TABLE_COUNTS,
} from "../layout";
import { allocate, availableBytes, release } from "../memory/arena";
import { clearBit, hasBit, nextBit, rankOf, setBit } from "../memory/bitmap";
import { countUse, leave, unuse } from "./tables";

export const CELL_LOG2: u32 = 3;
const FIRST_CAPACITY_LOG2: u32 = 1;
const FULL_LOG2: u32 = 9;
/**
 * A node that outgrows this gets a cell for each slot: moving more than a kilobyte at every change costs more than it
 * saves.
 */
const PACKED_LOG2: u32 = 7;

/** Slot of `va` in a node of that level. */
export function slotAt(va: u64, level: u32): u32 {
  return <u32>(va >> (PAGE_BITS + SLOT_BITS * (level - 1))) & (ENTRIES - 1);
}

export function isUsed(node: usize, slot: u32): bool {
  return hasBit(node + NODE_USED, slot);
}

/** The cell of a slot that is used. */
export function cellOf(node: usize, slot: u32): usize {
  const cells: usize = load<u32>(node, NODE_CELLS);
  const place = load<u8>(node, NODE_CAPACITY_LOG2) == FULL_LOG2 ? slot : rankOf(node + NODE_USED, slot);
  return cells + ((<usize>place) << CELL_LOG2);
}

/** The cells of a leaf node that has one for each slot and whose uses nobody counts; 0: ask `cellOf` and `addCell`. */
export function directCells(node: usize): usize {
  if (load<u8>(node, NODE_CAPACITY_LOG2) != FULL_LOG2) return 0;
  const table: usize = load<u32>(node, NODE_TABLE);
  return table && load<u32>(table, TABLE_COUNTS) ? 0 : load<u32>(node, NODE_CELLS);
}

/** The same for slot after slot of one node, `cells` being what `directCells` said of it. */
export function cellIn(cells: usize, node: usize, slot: u32): usize {
  return cells ? cells + ((<usize>slot) << CELL_LOG2) : cellOf(node, slot);
}

/** The child at a slot that is used. */
export function childOf(node: usize, slot: u32): usize {
  return load<u32>(cellOf(node, slot));
}

/** The leaf node that holds the page of `va` in a trie; 0: there is none. The one found last is remembered. */
export function findLeaf(space: usize, trie: u32, va: u64): usize {
  const last: usize = load<u32>(CONTROL, CONTROL_LAST_LEAF);
  const reach = va >> (PAGE_BITS + SLOT_BITS);
  if (last && !trie && load<u64>(CONTROL, CONTROL_LAST_REACH) == reach && load<u32>(CONTROL, CONTROL_LAST_SPACE) == <u32>space) return last;
  let node: usize = load<u32>(space + ((<usize>trie) << 2), SPACE_TRIES);
  if (!node) return 0;
  let cells: u32 = 0;
  for (let level = load<u32>(CONTROL, CONTROL_LEVELS); level > 1; level--) {
    const slot = slotAt(va, level);
    if (!isUsed(node, slot)) return 0;
    const cell = cellOf(node, slot);
    node = load<u32>(cell);
    cells = load<u32>(cell, 4);
  }
  if (!trie) {
    store<u32>(CONTROL, <u32>node, CONTROL_LAST_LEAF);
    store<u32>(CONTROL, cells, CONTROL_LAST_CELLS);
    store<u32>(CONTROL, <u32>space, CONTROL_LAST_SPACE);
    store<u64>(CONTROL, reach, CONTROL_LAST_REACH);
  }
  return node;
}

/**
 * The cell of a slot that is used, of the leaf node that `findLeaf` has just answered for trie 0. Where the node above
 * says where its cells lie, node and cell are fetched at one time: both are seldom in the cache.
 */
export function cellFound(leaf: usize, slot: u32): usize {
  const cells: usize = load<u32>(CONTROL, CONTROL_LAST_CELLS);
  return cells ? cells + ((<usize>slot) << CELL_LOG2) : cellOf(leaf, slot);
}

/**
 * Puts a node at the end of the list of those to stand, of its level: tables come in the order of the addresses that
 * want them.
 */
export function touch(node: usize, flags: u32): void {
  const before = load<u8>(node, NODE_FLAGS);
  store<u8>(node, before | NODE_FLAG_TOUCHED | flags, NODE_FLAGS);
  if (before & NODE_FLAG_TOUCHED) return;
  const list = CONTROL + ((<usize>load<u8>(node, NODE_LEVEL)) << 2);
  store<u32>(node, 0, NODE_TOUCHED_NEXT);
  if (load<u32>(list, CONTROL_TOUCHED)) store<u32>(load<u32>(list, CONTROL_TOUCHED_LAST), <u32>node, NODE_TOUCHED_NEXT);
  else store<u32>(list, <u32>node, CONTROL_TOUCHED);
  store<u32>(list, <u32>node, CONTROL_TOUCHED_LAST);
}

/** A node without slots. Memory is reserved. */
export function createNode(space: usize, trie: u32, level: u32, parent: usize, slot: u32, va: u64): usize {
  const node = allocate(NODE_BYTES_LOG2);
  memory.fill(node, 0, (<usize>1) << NODE_BYTES_LOG2);
  store<u32>(node, <u32>parent, NODE_PARENT);
  store<u16>(node, <u16>slot, NODE_SLOT);
  store<u8>(node, <u8>level, NODE_LEVEL);
  store<u8>(node, <u8>trie, NODE_CUT);
  store<u32>(node, <u32>space, NODE_SPACE);
  store<u64>(node, (va >> (PAGE_BITS + SLOT_BITS * level)) << (PAGE_BITS + SLOT_BITS * level), NODE_VA);
  store<u8>(node, <u8>FIRST_CAPACITY_LOG2, NODE_CAPACITY_LOG2);
  store<u32>(node, <u32>allocate(FIRST_CAPACITY_LOG2 + CELL_LOG2), NODE_CELLS);
  if (parent) store<u32>(addCell(parent, slot), <u32>node);
  else {
    store<u32>(space + ((<usize>trie) << 2), <u32>node, SPACE_TRIES);
    if (trie) countCut(space, 1);
  }
  return node;
}

function countCut(space: usize, by: i32): void {
  store<u32>(space, load<u32>(space, SPACE_CUTS) + by, SPACE_CUTS);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_CUTS) + by, CONTROL_CUTS);
}

/** Uses a slot; its cell comes back, empty. Memory is reserved. */
export function addCell(node: usize, slot: u32): usize {
  const count: u32 = load<u16>(node, NODE_COUNT);
  let capacity: u32 = load<u8>(node, NODE_CAPACITY_LOG2);
  if (capacity < FULL_LOG2 && count == (<u32>1) << capacity) capacity = grow(node, count + 1);
  const cells: usize = load<u32>(node, NODE_CELLS);
  let cell = cells + ((<usize>slot) << CELL_LOG2);
  if (capacity < FULL_LOG2) {
    const rank = rankOf(node + NODE_USED, slot);
    cell = cells + ((<usize>rank) << CELL_LOG2);
    if (rank < count) memory.copy(cell + 8, cell, (<usize>(count - rank)) << CELL_LOG2);
  }
  setBit(node + NODE_USED, slot);
  store<u16>(node, <u16>(count + 1), NODE_COUNT);
  countUse(node, slot, 1);
  store<u64>(cell, 0);
  return cell;
}

/** Makes room for `added` slots more, so that they need not grow the node one after the other. Memory is reserved. */
export function reserveCells(node: usize, added: u32): void {
  const capacity: u32 = load<u8>(node, NODE_CAPACITY_LOG2);
  const wanted = <u32>load<u16>(node, NODE_COUNT) + added;
  if (capacity < FULL_LOG2 && wanted > (<u32>1) << capacity) grow(node, wanted);
}

/** Gives a node the cells for `wanted` slots, more than it has; answers its new capacity. */
function grow(node: usize, wanted: u32): u32 {
  const from: u32 = load<u8>(node, NODE_CAPACITY_LOG2);
  const count: u32 = load<u16>(node, NODE_COUNT);
  const to = wanted > (<u32>1) << PACKED_LOG2 ? FULL_LOG2 : 32 - clz<u32>(wanted - 1);
  const before: usize = load<u32>(node, NODE_CELLS);
  const after = allocate(to + CELL_LOG2);
  if (to < FULL_LOG2) memory.copy(after, before, (<usize>count) << CELL_LOG2);
  else {
    let cell = before;
    for (let slot = nextBit(node + NODE_USED, 0); slot < ENTRIES; slot = nextBit(node + NODE_USED, slot + 1)) {
      store<u64>(after + ((<usize>slot) << CELL_LOG2), load<u64>(cell));
      cell += 8;
    }
  }
  release(before, from + CELL_LOG2);
  store<u32>(node, <u32>after, NODE_CELLS);
  store<u8>(node, <u8>to, NODE_CAPACITY_LOG2);
  if (to == FULL_LOG2) tellCells(node, after);
  return to;
}

/** Has the node above know where the cells of a node lie that has one for each slot. */
function tellCells(node: usize, cells: usize): void {
  const parent: usize = load<u32>(node, NODE_PARENT);
  if (parent) store<u32>(cellOf(parent, load<u16>(node, NODE_SLOT)), <u32>cells, 4);
}

/** Frees a slot. The node may be left without any: `prune` it then. */
export function removeCell(node: usize, slot: u32): void {
  const count: u32 = load<u16>(node, NODE_COUNT);
  if (load<u8>(node, NODE_CAPACITY_LOG2) < FULL_LOG2) {
    const cell = cellOf(node, slot);
    const end = load<u32>(node, NODE_CELLS) + (count << CELL_LOG2);
    memory.copy(cell, cell + 8, end - cell - 8);
  }
  clearBit(node + NODE_USED, slot);
  store<u16>(node, <u16>(count - 1), NODE_COUNT);
  countUse(node, slot, -1);
}

/** Takes a node without slots out of its trie, and those above it that are left without. */
export function prune(node: usize): void {
  while (node && !load<u16>(node, NODE_COUNT)) {
    const parent: usize = load<u32>(node, NODE_PARENT);
    const slot: u32 = load<u16>(node, NODE_SLOT);
    const space: usize = load<u32>(node, NODE_SPACE);
    const trie: u32 = load<u8>(node, NODE_CUT);
    leave(node);
    releaseNode(node);
    if (parent) {
      removeCell(parent, slot);
      unuse(parent, slot);
    } else {
      store<u32>(space + ((<usize>trie) << 2), 0, SPACE_TRIES);
      if (trie) countCut(space, -1);
    }
    node = parent;
  }
}

export function releaseNode(node: usize): void {
  if (load<u32>(CONTROL, CONTROL_LAST_LEAF) == <u32>node) store<u32>(CONTROL, 0, CONTROL_LAST_LEAF);
  const scratch = load<u32>(node, NODE_SCRATCH);
  if (scratch) release(scratch, SCRATCH_BYTES_LOG2);
  release(load<u32>(node, NODE_CELLS), <u32>load<u8>(node, NODE_CAPACITY_LOG2) + CELL_LOG2);
  release(node, NODE_BYTES_LOG2);
}

/** The leaf node for the page of `va` in trie 0, made where there is none, every node that gains a slot touched. */
export function leafFor(space: usize, va: u64): usize {
  const there = findLeaf(space, 0, va);
  if (there) return there;
  const top = load<u32>(CONTROL, CONTROL_LEVELS);
  let node: usize = load<u32>(space, SPACE_TRIES);
  if (!node) node = createNode(space, 0, top, 0, 0, va);
  if (!load<u16>(node, NODE_COUNT)) touch(node, NODE_FLAG_STAND);
  for (let level = top; level > 1; level--) {
    const slot = slotAt(va, level);
    if (isUsed(node, slot)) {
      node = childOf(node, slot);
      continue;
    }
    touch(node, 0);
    node = createNode(space, 0, level - 1, node, slot, va);
    touch(node, NODE_FLAG_STAND);
  }
  return node;
}

/**
 * Bytes that taking in an address needs at the most: a node of every level, and a node's cells grown at every level.
 */
export const BYTES_A_PATH: u32 = 6 * (128 + 4096) + 64;
/**
 * Bytes that every further address of the same leaf node needs at the most: rows for it and for the one it shares the
 * page with.
 */
const BYTES_A_ROW: u32 = 2 << ROW_BYTES_LOG2;

/** True where `count` addresses of one leaf node can be taken in. */
export function hasRoomForAddresses(count: u32): bool {
  return availableBytes() >= BYTES_A_PATH + count * BYTES_A_ROW + 32 * 4096;
}
