/**
 * Events: the outcome of each affected page as it is now against what it was, for every address of the page.
 *
 * Rows come ascending by VA within a trie, page-out before page-in; a window of EVENT_ROWS at a time, the place where
 * to go on being kept in the control block. Nothing here allocates.
 */

import {
  BITMAP_BYTES,
  CELL_BACKED,
  CELL_CHAINED,
  CELL_OFFSET,
  CHANGE_NOW,
  CONTROL,
  CONTROL_BACKED,
  CONTROL_CURSOR_LEAF,
  CONTROL_CURSOR_OUTCOME,
  CONTROL_CURSOR_ROW,
  CONTROL_CURSOR_SLOT,
  CONTROL_LEAVES,
  CONTROL_OUTCOMES,
  ENTRIES,
  EVENT_FAULT,
  EVENT_PA,
  EVENT_ROWS,
  EVENT_SIZE,
  EVENT_SPACE,
  EVENT_TAG,
  EVENT_TYPE,
  EVENT_VA,
  LEAF_BYTES,
  NODE_CHAINED,
  NODE_SPACE,
  NODE_VA,
  OUTCOME_BACKED,
  OUTCOME_BYTES,
  OUTCOME_FAULT_SHIFT,
  OUTCOME_LEVEL,
  OUTCOME_PA,
  PAGE_BITS,
  ROW_NEXT,
  ROW_OFFSET,
  ROW_TAG,
  SPACE_ID,
} from "../layout";
import { nextBit } from "../memory/bitmap";
import { endOf, itemsOf } from "../memory/vector";
import { PagingMode } from "../mode";
import { addressesOf } from "./cells";
import { endOfChanges, firstChange, isOf, skipTo } from "./changes";
import { inherited, outcomeIn, outcomeOfEntry, uncutEntries } from "./outcome";
import { cellIn, cellOf, directCells } from "./trie";

const PAGE_OUT: u8 = 0;
const PAGE_IN: u8 = 1;

/**
 * Notes beside each outcome as it was what it is now, and starts with the first affected leaf; answers the rows to
 * come.
 */
export function beginNarration<M extends PagingMode>(): u32 {
  const outcomes = itemsOf(CONTROL + CONTROL_OUTCOMES);
  const end = endOf(CONTROL + CONTROL_LEAVES);
  let rows: u32 = 0;
  for (let at = itemsOf(CONTROL + CONTROL_LEAVES); at < end; at += LEAF_BYTES) {
    rows += compareLeaf<M>(load<u32>(at), at + 8, outcomes + load<u32>(at, 4));
  }
  store<u32>(CONTROL, 0, CONTROL_CURSOR_LEAF);
  store<u32>(CONTROL, 0, CONTROL_CURSOR_SLOT);
  store<u32>(CONTROL, 0, CONTROL_CURSOR_OUTCOME);
  store<u32>(CONTROL, 0, CONTROL_CURSOR_ROW);
  return rows;
}

function compareLeaf<M extends PagingMode>(leaf: usize, pages: usize, outcome: usize): u32 {
  const above = inherited<M>(leaf);
  const entries = uncutEntries(leaf, above);
  const chained = load<u8>(leaf, NODE_CHAINED);
  const end = entries ? endOfChanges(leaf) : 0;
  let change = entries ? firstChange(leaf) : 0;
  let rows: u32 = 0;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    for (let bits = load<u64>(pages + word); bits; bits &= bits - 1, outcome += OUTCOME_BYTES) {
      const slot = <u32>(word << 3) + <u32>ctz<u64>(bits);
      const before = load<u64>(outcome);
      change = skipTo(change, end, slot);
      const now = isOf(change, end, slot) ? outcomeOfEntry<M>(load<u64>(change, CHANGE_NOW)) : outcomeIn<M>(entries, leaf, slot, above);
      store<u64>(outcome, now, 8);
      if (tells(before, now)) rows += rowsOf(before, now) * (chained ? addressesOf(cellOf(leaf, slot)) : 1);
    }
  }
  return rows;
}

function rowsOf(before: u64, now: u64): u32 {
  return u32((before & OUTCOME_BACKED) != 0) + u32((now & OUTCOME_BACKED) != 0);
}

/** Fills the window; answers its rows. */
export function narrate(): u32 {
  const leaves = itemsOf(CONTROL + CONTROL_LEAVES);
  const leavesUsed = <u32>(endOf(CONTROL + CONTROL_LEAVES) - leaves);
  const outcomes = itemsOf(CONTROL + CONTROL_OUTCOMES);
  let cursor = load<u32>(CONTROL, CONTROL_CURSOR_LEAF);
  let slot = load<u32>(CONTROL, CONTROL_CURSOR_SLOT);
  let outcome = load<u32>(CONTROL, CONTROL_CURSOR_OUTCOME);
  let row: usize = load<u32>(CONTROL, CONTROL_CURSOR_ROW);
  let rows: u32 = 0;
  for (; cursor < leavesUsed; cursor += LEAF_BYTES, slot = 0) {
    const leaf: usize = load<u32>(leaves + cursor);
    const pages = leaves + cursor + 8;
    const cells = directCells(leaf);
    for (slot = nextBit(pages, slot); slot < ENTRIES; slot = nextBit(pages, slot + 1), outcome += OUTCOME_BYTES) {
      const before = load<u64>(outcomes + outcome);
      const now = load<u64>(outcomes + outcome, 8);
      if (!tells(before, now)) continue;
      const cell = cellIn(cells, leaf, slot);
      const word = load<u32>(cell, 4);
      if (!(word & CELL_CHAINED)) {
        if (rows > EVENT_ROWS - 2) return pause(rows, cursor, slot, outcome, 0);
        rows = tell(rows, leaf, slot, cell + 4, load<u32>(cell), before, now);
        continue;
      }
      for (row = row ? row : load<u32>(cell); row; row = load<u32>(row, ROW_NEXT)) {
        if (rows > EVENT_ROWS - 2) return pause(rows, cursor, slot, outcome, row);
        rows = tell(rows, leaf, slot, row + ROW_OFFSET, load<u32>(row, ROW_TAG), before, now);
      }
    }
  }
  return pause(rows, cursor, 0, outcome, 0);
}

function pause(rows: u32, cursor: u32, slot: u32, outcome: u32, row: usize): u32 {
  store<u32>(CONTROL, cursor, CONTROL_CURSOR_LEAF);
  store<u32>(CONTROL, slot, CONTROL_CURSOR_SLOT);
  store<u32>(CONTROL, outcome, CONTROL_CURSOR_OUTCOME);
  store<u32>(CONTROL, <u32>row, CONTROL_CURSOR_ROW);
  return rows;
}

/** Backed by the same PA before and after, or by none: nothing to tell, whatever else has changed. */
function tells(before: u64, now: u64): bool {
  return ((before ^ now) & OUTCOME_BACKED) != 0 || (now & OUTCOME_BACKED && (before ^ now) & OUTCOME_PA);
}

/** Writes the rows of one address, whose offset and backed bit lie at `flags`, and counts it anew. */
function tell(rows: u32, leaf: usize, slot: u32, flags: usize, tag: u32, before: u64, now: u64): u32 {
  const word = load<u32>(flags);
  const offset = word & CELL_OFFSET;
  store<u32>(flags, now & OUTCOME_BACKED ? word | CELL_BACKED : word & ~CELL_BACKED);
  const va = load<u64>(leaf, NODE_VA) + ((<u64>slot) << PAGE_BITS) + offset;
  const space = load<u32>(load<u32>(leaf, NODE_SPACE), SPACE_ID);
  let backed = load<u32>(CONTROL, CONTROL_BACKED);
  if (before & OUTCOME_BACKED) {
    const reason = <u8>((now >> OUTCOME_FAULT_SHIFT) & 3);
    write(rows++, PAGE_OUT, now & OUTCOME_BACKED ? 0 : reason, va, before, offset, tag, space);
    backed--;
  }
  if (now & OUTCOME_BACKED) {
    write(rows++, PAGE_IN, 0, va, now, offset, tag, space);
    backed++;
  }
  store<u32>(CONTROL, backed, CONTROL_BACKED);
  return rows;
}

function write(row: u32, type: u8, reason: u8, va: u64, outcome: u64, offset: u32, tag: u32, space: u32): void {
  const place = <usize>row;
  store<u64>(EVENT_VA + (place << 3), va);
  store<u64>(EVENT_PA + (place << 3), (outcome & OUTCOME_PA) | offset);
  store<u32>(EVENT_TAG + (place << 2), tag);
  store<u32>(EVENT_SPACE + (place << 2), space);
  store<u32>(EVENT_SIZE + (place << 2), (<u32>1) << (PAGE_BITS + 9 * (<u32>(outcome & OUTCOME_LEVEL) - 1)));
  store<u8>(EVENT_TYPE + place, type);
  store<u8>(EVENT_FAULT + place, reason);
}
