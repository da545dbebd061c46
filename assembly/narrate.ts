/**
 * Events: the outcome of each affected page as it is now against what it was, for every address of the page.
 *
 * Rows come ascending by VA within a trie, page-out before page-in; a window of EVENT_ROWS at a time, the place where to
 * go on being kept in the control block. Nothing here allocates.
 */
import { nextBit } from "./bitmap";
import {
  CELL_BACKED,
  CELL_CHAINED,
  CELL_OFFSET,
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
  NODE_SPACE,
  NODE_VA,
  OUTCOME_BACKED,
  OUTCOME_FAULT_SHIFT,
  OUTCOME_LEVEL,
  OUTCOME_PA,
  PAGE_BITS,
  ROW_NEXT,
  ROW_OFFSET,
  ROW_TAG,
  SPACE_ID,
} from "./layout";
import { PagingMode } from "./mode";
import { inherited, outcomeOf } from "./outcome";
import { cellOf } from "./trie";
import { endOf, itemsOf } from "./vector";

const PAGE_OUT: u8 = 0;
const PAGE_IN: u8 = 1;

/** Starts with the first affected leaf. */
export function beginNarration(): void {
  store<u32>(CONTROL, 0, CONTROL_CURSOR_LEAF);
  store<u32>(CONTROL, 0, CONTROL_CURSOR_SLOT);
  store<u32>(CONTROL, 0, CONTROL_CURSOR_OUTCOME);
  store<u32>(CONTROL, 0, CONTROL_CURSOR_ROW);
}

/** Fills the window; answers its rows. Fewer than EVENT_ROWS - 1: those were the last. */
export function narrate<M extends PagingMode>(): u32 {
  return goThrough<M>(false);
}

/** Rows that are still to come. */
export function countRows<M extends PagingMode>(): u32 {
  return goThrough<M>(true);
}

function goThrough<M extends PagingMode>(counting: bool): u32 {
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
    const from = inherited<M>(leaf);
    for (slot = nextBit(pages, slot); slot < ENTRIES; slot = nextBit(pages, slot + 1), outcome += 8) {
      const before = load<u64>(outcomes + outcome);
      const now = outcomeOf<M>(leaf, slot, from);
      if (!tells(before, now)) continue;
      const cell = cellOf(leaf, slot);
      const word = load<u32>(cell, 4);
      if (!(word & CELL_CHAINED)) {
        if (counting) {
          rows += rowsOf(before, now);
          continue;
        }
        if (rows > EVENT_ROWS - 2) return pause(rows, cursor, slot, outcome, 0);
        rows = tell(rows, leaf, slot, cell + 4, load<u32>(cell), before, now);
        continue;
      }
      for (row = row ? row : load<u32>(cell); row; row = load<u32>(row, ROW_NEXT)) {
        if (counting) {
          rows += rowsOf(before, now);
          continue;
        }
        if (rows > EVENT_ROWS - 2) return pause(rows, cursor, slot, outcome, row);
        rows = tell(rows, leaf, slot, row + ROW_OFFSET, load<u32>(row, ROW_TAG), before, now);
      }
    }
  }
  if (!counting) store<u32>(CONTROL, cursor, CONTROL_CURSOR_LEAF);
  return rows;
}

function rowsOf(before: u64, now: u64): u32 {
  return u32((before & OUTCOME_BACKED) != 0) + u32((now & OUTCOME_BACKED) != 0);
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
