/**
 * Rows of a listing: the open one, in the cursor, that what comes next may prolong, and the window of finished ones.
 *
 * A row is a stretch: VA, and the PA on each side that is backed, grow together. The two halves of the VA space lie
 * side by side without their sign, and no row goes over from one to the other.
 */
import { CONTROL, SLOT_BITS } from "../layout";
import { PagingMode } from "../mode";
import {
  CONTROL_SPACE_ROWS,
  SPACE_CURSOR_OPEN,
  SPACE_CURSOR_ROW,
  SPACE_ROW_BYTES,
  SPACE_ROW_END,
  SPACE_ROW_VA,
  SPACE_WINDOW,
} from "../space-layout";

/** Bits of a VA that are translated. */
export function addressBits<M extends PagingMode>(): u32 {
  return changetype<M>(0).shiftAt(changetype<M>(0).levels()) + SLOT_BITS;
}

/** First VA of the upper half, without its sign. */
export function upperHalf<M extends PagingMode>(): u64 {
  return (<u64>1) << (addressBits<M>() - 1);
}

/** The VA with its highest bit copied to all above. */
export function canonical<M extends PagingMode>(va: u64): u64 {
  const above = 64 - addressBits<M>();
  return <u64>(<i64>(va << above) >> above);
}

/** Moves the open row, if there is one, to the window; false: the window is full. */
export function closeRow<M extends PagingMode>(cursor: usize, capacity: u32): bool {
  if (!load<u32>(cursor, SPACE_CURSOR_OPEN)) return true;
  const count = load<u32>(CONTROL, CONTROL_SPACE_ROWS);
  if (count >= capacity) return false;
  const row = SPACE_WINDOW + <usize>count * SPACE_ROW_BYTES;
  const open = cursor + SPACE_CURSOR_ROW;
  // Word by word: a copy is a call, and rows are many.
  for (let i: usize = 0; i < SPACE_ROW_BYTES; i += 8) store<u64>(row + i, load<u64>(open + i));
  const va = load<u64>(open, SPACE_ROW_VA);
  store<u64>(row, canonical<M>(va), SPACE_ROW_VA);
  store<u64>(row, load<u64>(open, SPACE_ROW_END) - va, SPACE_ROW_END);
  store<u32>(CONTROL, count + 1, CONTROL_SPACE_ROWS);
  store<u32>(cursor, 0, SPACE_CURSOR_OPEN);
  return true;
}
