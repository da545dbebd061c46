/**
 * Addresses change tries: the path of some now ends at a table that cannot be read, that of others no longer does.
 *
 * First all that move are lifted out, cell by cell, then put in where they belong. The tables that they leave and come
 * to stay monitored in between: the sweep comes after both.
 */

import {
  CELL_CHAINED,
  CONTROL,
  CONTROL_EMPTIED,
  CONTROL_LEVELS,
  CONTROL_MOVES,
  ENTRIES,
  EXHAUSTED,
  MOVE_BYTES,
  NODE_CHAINED,
  NODE_COUNT,
  NODE_CUT,
  NODE_LEVEL,
  NODE_PARENT,
  NODE_SCRATCH,
  NODE_SLOT,
  NODE_SPACE,
  NODE_TABLE,
  NODE_USED,
  NODE_VA,
  OK,
  PAGE_BITS,
  SCRATCH_AFFECTED,
  SCRATCH_CUT,
  SPACE_TRIES,
} from "../layout";
import { reserve } from "../memory/arena";
import { hasBit, nextBit } from "../memory/bitmap";
import { clear, endOf, itemsOf, push } from "../memory/vector";
import { PagingMode } from "../mode";
import { merge } from "./cells";
import { AFFECTED, releaseScratch } from "./node-scratch";
import { keyUnder } from "./stand";
import { findTable, join, leave, suspect } from "./tables";
import { addCell, BYTES_A_PATH, cellOf, childOf, createNode, isUsed, prune, removeCell, slotAt } from "./trie";

const MOVES = CONTROL + CONTROL_MOVES;
const EMPTIED = CONTROL + CONTROL_EMPTIED;

/** Lists every page that is to change tries, and reserves what the move takes. Nothing has moved yet. */
export function listMoves(): u32 {
  const nodes = itemsOf(AFFECTED);
  const end = endOf(AFFECTED);
  for (let at = nodes; at < end; at += 4) {
    const node: usize = load<u32>(at);
    if (!node) continue;
    const scratch: usize = load<u32>(node, NODE_SCRATCH);
    const level: u32 = load<u8>(node, NODE_LEVEL);
    for (let slot = nextBit(scratch + SCRATCH_CUT, 0); slot < ENTRIES; slot = nextBit(scratch + SCRATCH_CUT, slot + 1)) {
      if (!listBelow(node, slot, level)) return EXHAUSTED;
    }
    if (!load<u8>(node, NODE_CUT) || isAffectedAbove(node)) continue;
    for (let slot = nextBit(scratch + SCRATCH_AFFECTED, 0); slot < ENTRIES; slot = nextBit(scratch + SCRATCH_AFFECTED, slot + 1)) {
      if (!hasBit(scratch + SCRATCH_CUT, slot) && !listBelow(node, slot, 0)) return EXHAUSTED;
    }
  }
  return hasRoomForMoves() ? OK : EXHAUSTED;
}

/** A slot above is affected as a whole, and has listed what is below. */
function isAffectedAbove(node: usize): bool {
  for (let below = node, parent: usize = load<u32>(node, NODE_PARENT); parent; parent = load<u32>(parent, NODE_PARENT)) {
    if (hasBit(<usize>load<u32>(parent, NODE_SCRATCH) + SCRATCH_AFFECTED, load<u16>(below, NODE_SLOT))) return true;
    below = parent;
  }
  return false;
}

/** What the listed pages take at the most: cells and rows a page, nodes of every level a leaf node. */
function hasRoomForMoves(): bool {
  const end = endOf(MOVES);
  let bytes: u64 = 64 * BYTES_A_PATH;
  let leaf: u32 = 0;
  for (let at = itemsOf(MOVES); at < end; at += MOVE_BYTES) {
    bytes += load<u32>(at, 8) == leaf ? 64 : 1024;
    leaf = load<u32>(at, 8);
  }
  return leaf == 0 || (bytes < 0xffff_0000 && reserve(<u32>bytes));
}

/** Lists the pages below a slot for a trie; below a lower cut the lower cut says which, and has listed them. */
function listBelow(node: usize, slot: u32, trie: u32): bool {
  if (load<u8>(node, NODE_LEVEL) == 1) {
    const move = push(MOVES, MOVE_BYTES);
    if (!move) return false;
    store<u64>(move, load<u64>(node, NODE_VA) + ((<u64>slot) << PAGE_BITS));
    store<u32>(move, <u32>node, 8);
    store<u32>(move, load<u32>(node, NODE_SPACE), 16);
    store<u32>(move, trie, 20);
    return true;
  }
  const child = childOf(node, slot);
  const scratch: usize = load<u32>(child, NODE_SCRATCH);
  for (let below = nextBit(child + NODE_USED, 0); below < ENTRIES; below = nextBit(child + NODE_USED, below + 1)) {
    const cutThere = scratch && hasBit(scratch + SCRATCH_CUT, below);
    if (!cutThere && !listBelow(child, below, trie)) return false;
  }
  return true;
}

/** Does what `listMoves` has listed. Cannot fail. */
export function move<M extends PagingMode>(): void {
  lift();
  releaseScratch();
  const end = endOf(MOVES);
  for (let at = itemsOf(MOVES); at < end; at += MOVE_BYTES) {
    const va = load<u64>(at);
    const leaf = standingLeafFor<M>(load<u32>(at, 16), load<u32>(at, 20), va);
    const slot = slotAt(va, 1);
    if (isUsed(leaf, slot)) merge(cellOf(leaf, slot), load<u64>(at, 8));
    else store<u64>(addCell(leaf, slot), load<u64>(at, 8));
    if (load<u32>(cellOf(leaf, slot), 4) & CELL_CHAINED) store<u8>(leaf, 1, NODE_CHAINED);
  }
  clear(MOVES);
  pruneEmptied(); // last: what is still used must not look unused in between
}

function lift(): void {
  const end = endOf(MOVES);
  for (let at = itemsOf(MOVES); at < end; at += MOVE_BYTES) {
    const leaf: usize = load<u32>(at, 8);
    const slot = slotAt(load<u64>(at), 1);
    store<u64>(at, load<u64>(cellOf(leaf, slot)), 8);
    removeCell(leaf, slot);
    const table = load<u32>(leaf, NODE_TABLE);
    if (table) suspect(table);
    if (!load<u16>(leaf, NODE_COUNT)) store<u32>(push(EMPTIED, 4), <u32>leaf);
  }
}

function pruneEmptied(): void {
  const end = endOf(EMPTIED);
  for (let at = itemsOf(EMPTIED); at < end; at += 4) prune(load<u32>(at));
  clear(EMPTIED);
}

/** The leaf node for a page in any trie, its nodes standing at once: every entry on their way is monitored already. */
function standingLeafFor<M extends PagingMode>(space: usize, trie: u32, va: u64): usize {
  const top = load<u32>(CONTROL, CONTROL_LEVELS);
  let node: usize = load<u32>(space + ((<usize>trie) << 2), SPACE_TRIES);
  if (!node) node = createStanding<M>(space, trie, top, 0, 0, va);
  for (let level = top; level > 1; level--) {
    const slot = slotAt(va, level);
    if (level <= trie) leave(node); // it stood while its table was tried again
    node = isUsed(node, slot) ? childOf(node, slot) : createStanding<M>(space, trie, level - 1, node, slot, va);
  }
  if (trie) leave(node);
  return node;
}

function createStanding<M extends PagingMode>(space: usize, trie: u32, level: u32, parent: usize, slot: u32, va: u64): usize {
  const node = createNode(space, trie, level, parent, slot, va);
  if (level <= trie) return node; // the path ends above it
  const table = findTable(keyUnder<M>(node));
  if (table) join(node, table);
  return node;
}
