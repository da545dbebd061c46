/**
 * Addresses are given back, a reference at a time or all; what is used no longer goes with the last one.
 *
 * A page that no address is left of frees its slot, a node without slots goes from its trie, and an entry that no node
 * uses is monitored no longer. Tables that are left become suspects (tables.ts), for the sweep.
 */

import {
  BATCH_IN,
  CELL_BACKED,
  CELL_CHAINED,
  CELL_OFFSET,
  CELL_REFERENCE,
  CONTROL,
  CONTROL_ADDRESSES,
  CONTROL_SUSPECTS,
  GIVE_BACK_ONE,
  LEFT_EMPTY_SPACE,
  LEFT_NOTHING,
  LEFT_SUSPECTS,
  ROW_BYTES_LOG2,
  ROW_NEXT,
  ROW_OFFSET,
  ROW_REFERENCES,
  SPACE_ADDRESSES,
} from "../layout";
import { release } from "../memory/arena";
import { countAddress, countBacked, locate } from "./addresses";
import { rowAt } from "./cells";
import { unuse } from "./tables";
import { cellOf, prune, removeCell, slotAt } from "./trie";

/**
 * Gives back one reference of the first address of BATCH_IN, or all (GIVE_BACK_…). Answers what that leaves to do
 * (LEFT_…).
 */
export function giveBack(space: usize, references: u32): u32 {
  giveBackReferences(space, load<u64>(BATCH_IN), references);
  return (
    (load<u32>(CONTROL, CONTROL_SUSPECTS) ? LEFT_SUSPECTS : 0) |
    (load<u32>(space, SPACE_ADDRESSES) ? 0 : LEFT_EMPTY_SPACE) |
    (load<u32>(CONTROL, CONTROL_ADDRESSES) ? 0 : LEFT_NOTHING)
  );
}

/** Gives back one reference of each of the first `count` addresses of BATCH_IN. */
export function giveBackMany(space: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    giveBackReferences(space, load<u64>(BATCH_IN + ((<usize>i) << 3)), GIVE_BACK_ONE);
  }
}

function giveBackReferences(space: usize, va: u64, references: u32): void {
  const leaf = locate(space, va);
  if (!leaf) return; // not monitored
  const slot = slotAt(va, 1);
  const offset = <u32>va & CELL_OFFSET;
  const cell = cellOf(leaf, slot);
  const word = load<u32>(cell, 4);
  let flags = word;
  if (word & CELL_CHAINED) {
    const row = rowAt(cell, offset);
    const held = load<u32>(row, ROW_REFERENCES);
    if (held > 1 && references == GIVE_BACK_ONE) {
      store<u32>(row, held - 1, ROW_REFERENCES);
      return;
    }
    flags = load<u32>(row, ROW_OFFSET);
    let link = cell;
    while (load<u32>(link) != <u32>row) link = load<u32>(link);
    store<u32>(link, load<u32>(row, ROW_NEXT));
    release(row, ROW_BYTES_LOG2);
  } else {
    if (word / CELL_REFERENCE > 1 && references == GIVE_BACK_ONE) {
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
