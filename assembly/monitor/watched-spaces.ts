/**
 * Spaces as a whole: made, emptied, and asked which tags their addresses have.
 */

import {
  CONTROL,
  CONTROL_ADDRESSES,
  CONTROL_BACKED,
  CONTROL_CUTS,
  ENTRIES,
  NODE_LEVEL,
  NODE_USED,
  SPACE_ADDRESSES,
  SPACE_BYTES_LOG2,
  SPACE_ID,
  SPACE_ROOT_GFN,
  SPACE_TRIES,
  SPACE_VIEW,
  TRIES,
} from "../layout";
import { allocate, release } from "../memory/arena";
import { nextBit } from "../memory/bitmap";
import { noteTagsOf, releaseCell } from "./cells";
import { leave } from "./tables";
import { cellOf, childOf, releaseNode } from "./trie";

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
    if (isLeaf) noteTagsOf(cell, bits);
    else noteTagsBelow(load<u32>(cell), bits);
  }
}
