/**
 * Spaces as a whole: made, emptied, shown; and the arena reset once nothing is monitored.
 */
import { locate } from "./addresses";
import { allocate, release, resetArena } from "./arena";
import { nextBit } from "./bitmap";
import { forgetIndex } from "./frame-index";
import {
  CELL_BACKED,
  CELL_CHAINED,
  CONTROL,
  CONTROL_ADDRESSES,
  CONTROL_AFFECTED,
  CONTROL_BACKED,
  CONTROL_CHANGES,
  CONTROL_CUTS,
  CONTROL_EMPTIED,
  CONTROL_ENTRIES,
  CONTROL_FIRST_FRAME,
  CONTROL_FIRST_TABLE,
  CONTROL_FRAME_INDEX,
  CONTROL_FRAMES,
  CONTROL_KEEP,
  CONTROL_LAST_LEAF,
  CONTROL_LAST_TABLE,
  CONTROL_LEAVES,
  CONTROL_MOVES,
  CONTROL_OUTCOMES,
  CONTROL_RELOCATIONS,
  CONTROL_RESERVED,
  CONTROL_SUSPECTS,
  CONTROL_TABLE_INDEX,
  CONTROL_TABLES,
  CONTROL_WORKED,
  ENTRIES,
  FAULT_NONE,
  FAULT_NOT_PRESENT,
  FAULT_RESERVED_BIT,
  FAULT_UNREADABLE_TABLE,
  GFN_BITS,
  KIND_LEAF,
  KIND_MALFORMED,
  KIND_NOT_PRESENT,
  NODE_LEVEL,
  NODE_PARENT,
  NODE_TABLE,
  NODE_USED,
  PATH,
  PATH_COUNT,
  PATH_ENTRIES,
  PATH_FAULT,
  PATH_LEVEL,
  PATH_NODES,
  PATH_PA,
  ROW_BYTES_LOG2,
  ROW_NEXT,
  ROW_OFFSET,
  ROW_TAG,
  SPACE_ADDRESSES,
  SPACE_BYTES_LOG2,
  SPACE_ID,
  SPACE_ROOT_GFN,
  SPACE_TRIES,
  SPACE_VIEW,
  TABLE_COPY,
  TABLE_KEY,
  TRIES,
} from "./layout";
import { PagingMode } from "./mode";

import { leave } from "./tables";
import { cellOf, childOf, releaseNode, slotAt } from "./trie";
import { forget } from "./vector";

/** A space without addresses; 0: memory is exhausted. */
export function createSpace(id: u32, view: u32, rootGfn: f64): usize {
  const space = allocate(SPACE_BYTES_LOG2);
  if (!space) return 0;
  memory.fill(space, 0, (<usize>1) << SPACE_BYTES_LOG2);
  store<u64>(space, <u64>rootGfn, SPACE_ROOT_GFN);
  store<u32>(space, view, SPACE_VIEW);
  store<u32>(space, id, SPACE_ID);
  return space;
}

export function releaseSpace(space: usize): void {
  release(space, SPACE_BYTES_LOG2);
}

/** Gives up all addresses of a space. What its nodes stood on are suspects then. */
export function emptySpace(space: usize): void {
  let backed: u32 = 0;
  for (let trie: usize = 0; trie < TRIES; trie++) {
    const root: usize = load<u32>(space + (trie << 2), SPACE_TRIES);
    if (!root) continue;
    backed += emptyBelow(root);
    store<u32>(space + (trie << 2), 0, SPACE_TRIES);
    if (trie) store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_CUTS) - 1, CONTROL_CUTS);
  }
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_BACKED) - backed, CONTROL_BACKED);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_ADDRESSES) - load<u32>(space, SPACE_ADDRESSES), CONTROL_ADDRESSES);
  store<u32>(space, 0, SPACE_ADDRESSES);
}

/** Answers how many of the addresses were backed. */
function emptyBelow(node: usize): u32 {
  const isLeaf = load<u8>(node, NODE_LEVEL) == 1;
  let backed: u32 = 0;
  for (let slot = nextBit(node + NODE_USED, 0); slot < ENTRIES; slot = nextBit(node + NODE_USED, slot + 1)) {
    backed += isLeaf ? releaseCell(cellOf(node, slot)) : emptyBelow(childOf(node, slot));
  }
  leave(node);
  releaseNode(node);
  return backed;
}

/** Answers how many of the page's addresses were backed. */
function releaseCell(cell: usize): u32 {
  const word = load<u32>(cell, 4);
  if (!(word & CELL_CHAINED)) return u32((word & CELL_BACKED) != 0);
  let backed: u32 = 0;
  for (let row: usize = load<u32>(cell); row; ) {
    const next = load<u32>(row, ROW_NEXT);
    backed += u32((load<u32>(row, ROW_OFFSET) & CELL_BACKED) != 0);
    release(row, ROW_BYTES_LOG2);
    row = next;
  }
  return backed;
}

/** Sets the bits of all tags that a space's addresses have. */
export function noteTags(space: usize, bits: usize): void {
  for (let trie: usize = 0; trie < TRIES; trie++) {
    const root: usize = load<u32>(space + (trie << 2), SPACE_TRIES);
    if (root) noteTagsBelow(root, bits);
  }
}

function noteTagsBelow(node: usize, bits: usize): void {
  const isLeaf = load<u8>(node, NODE_LEVEL) == 1;
  for (let slot = nextBit(node + NODE_USED, 0); slot < ENTRIES; slot = nextBit(node + NODE_USED, slot + 1)) {
    const cell = cellOf(node, slot);
    if (!isLeaf) noteTagsBelow(load<u32>(cell), bits);
    else if (!(load<u32>(cell, 4) & CELL_CHAINED)) noteTag(bits, load<u32>(cell));
    else for (let row: usize = load<u32>(cell); row; row = load<u32>(row, ROW_NEXT)) noteTag(bits, load<u32>(row, ROW_TAG));
  }
}

function noteTag(bits: usize, tag: u32): void {
  const at = bits + (tag >> 3);
  store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>(tag & 7))));
}

/** Forgets everything but the marks: no address is monitored any more, and no protection is to be given back. */
export function resetMonitor(): void {
  store<u32>(CONTROL, 0, CONTROL_ADDRESSES);
  store<u32>(CONTROL, 0, CONTROL_BACKED);
  store<u32>(CONTROL, 0, CONTROL_ENTRIES);
  store<u32>(CONTROL, 0, CONTROL_TABLES);
  store<u32>(CONTROL, 0, CONTROL_LAST_LEAF);
  store<u32>(CONTROL, 0, CONTROL_CUTS);
  store<u32>(CONTROL, 0, CONTROL_SUSPECTS);
  store<u32>(CONTROL, 0, CONTROL_FIRST_TABLE);
  store<u32>(CONTROL, 0, CONTROL_LAST_TABLE);
  store<u32>(CONTROL, 0, CONTROL_FRAMES);
  store<u32>(CONTROL, 0, CONTROL_FIRST_FRAME);
  forgetIndex(CONTROL + CONTROL_TABLE_INDEX);
  forgetIndex(CONTROL + CONTROL_FRAME_INDEX);
  forget(CONTROL + CONTROL_CHANGES);
  forget(CONTROL + CONTROL_AFFECTED);
  forget(CONTROL + CONTROL_LEAVES);
  forget(CONTROL + CONTROL_OUTCOMES);
  forget(CONTROL + CONTROL_RELOCATIONS);
  forget(CONTROL + CONTROL_WORKED);
  forget(CONTROL + CONTROL_MOVES);
  forget(CONTROL + CONTROL_EMPTIED);
  resetArena();
}

/** Writes the committed path of a monitored address to PATH, top first. */
export function committedPath<M extends PagingMode>(space: usize, va: u64): void {
  let level: u32 = 0;
  for (let node = locate(space, va); node; node = load<u32>(node, NODE_PARENT)) {
    level++;
    store<u32>(PATH_NODES + ((<usize>level) << 2), <u32>node);
  }
  let count: u32 = 0;
  store<u32>(PATH, FAULT_UNREADABLE_TABLE, PATH_FAULT);
  store<u32>(PATH, 0, PATH_LEVEL);
  for (; level > 0; level--) {
    const table: usize = load<u32>(load<u32>(PATH_NODES + ((<usize>level) << 2)), NODE_TABLE);
    if (!table) break;
    const slot = slotAt(va, level);
    const raw = load<u64>(load<u32>(table, TABLE_COPY) + ((<usize>slot) << 3));
    const entry = raw & load<u64>(CONTROL, CONTROL_KEEP);
    const at = PATH + PATH_ENTRIES + ((<usize>count) << 4);
    count++;
    store<u64>(at, ((load<u64>(table, TABLE_KEY) & (((<u64>1) << GFN_BITS) - 1)) << 12) + ((<u64>slot) << 3));
    store<u64>(at, raw, 8);
    if (storeEnd<M>(entry, level, va)) break;
  }
  store<u32>(PATH, count, PATH_COUNT);
}

/** Writes how a path ends at an entry; false: it goes on. */
export function storeEnd<M extends PagingMode>(entry: u64, level: u32, va: u64): bool {
  const mode = changetype<M>(0);
  const kind = mode.kindOf(entry, level, load<u64>(CONTROL, CONTROL_RESERVED));
  if (kind == KIND_LEAF) {
    const within = va & (((<u64>1) << mode.shiftAt(level)) - 1);
    store<u64>(PATH, mode.leafBase(entry, level) | within, PATH_PA);
    store<u32>(PATH, level, PATH_LEVEL);
    store<u32>(PATH, FAULT_NONE, PATH_FAULT);
    return true;
  }
  if (kind == KIND_NOT_PRESENT) store<u32>(PATH, FAULT_NOT_PRESENT, PATH_FAULT);
  else if (kind == KIND_MALFORMED) store<u32>(PATH, FAULT_RESERVED_BIT, PATH_FAULT);
  return kind == KIND_NOT_PRESENT || kind == KIND_MALFORMED;
}
