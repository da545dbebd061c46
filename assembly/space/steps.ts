/**
 * The way of a walk over a whole space: a step a level, from the root's down to where the walk stands.
 *
 * The VA that comes next alone says which entry of each table is meant, so a walk can stop anywhere and go on.
 */
import { CONTROL, CONTROL_KEEP } from "../layout";
import { PagingMode } from "../mode";
import {
  SPACE_CURSOR_END,
  SPACE_CURSOR_ROOT,
  SPACE_CURSOR_STEPS,
  SPACE_FRAME_COPY,
  STEP_BYTES,
  STEP_FRAME,
  STEP_FRUITFUL,
  STEP_WHOLE,
} from "../space-layout";

export function stepAt(cursor: usize, level: u32): usize {
  return cursor + SPACE_CURSOR_STEPS + <usize>level * STEP_BYTES;
}

/** The copy of the table of a step on a side. */
export function copyAt(step: usize, side: u32): usize {
  return load<u32>(<usize>load<u32>(step + ((<usize>side) << 2), STEP_FRAME), SPACE_FRAME_COPY);
}

/**
 * Begins a step at the cursor's VA over `bytes` of VAs, a power of two; whole where none of it lies outside the range.
 */
export function beginStep(step: usize, at: u64, bytes: u64, end: u64): void {
  // Word by word: a fill is a call, and this is done for every slot.
  for (let i: usize = 0; i < STEP_BYTES; i += 8) store<u64>(step + i, 0);
  store<u32>(step, <u32>((at & (bytes - 1)) == 0 && at + bytes <= end), STEP_WHOLE);
}

/** Hands on to the step above that something was found; true where nothing was and all has been seen. */
export function endStep(cursor: usize, level: u32): bool {
  const step = stepAt(cursor, level);
  if (!load<u32>(step, STEP_FRUITFUL)) return load<u32>(step, STEP_WHOLE) != 0;
  store<u32>(stepAt(cursor, level + 1), 1, STEP_FRUITFUL);
  return false;
}

/**
 * Place behind the last entry of the table at `tableVa` that the range covers; an entry covers 2^`entryShift` bytes.
 */
export function lastPlace(cursor: usize, tableVa: u64, entryShift: u32, entries: u32): u32 {
  const covered = (load<u64>(cursor, SPACE_CURSOR_END) - tableVa + (((<u64>1) << entryShift) - 1)) >> entryShift;
  return covered < entries ? <u32>covered : entries;
}

/** PA of the table that a side is in at `level`, around `at`: where the entry above leads. */
export function tablePa<M extends PagingMode>(cursor: usize, level: u32, at: u64, side: u32): u64 {
  const mode = changetype<M>(0);
  if (level == mode.levels()) return (<u64>load<f64>(cursor, SPACE_CURSOR_ROOT)) << 12;
  const entry = load<u64>(copyAt(stepAt(cursor, level + 1), side) + ((<usize>mode.indexAt(at, level + 1)) << 3));
  return mode.tableFrame(entry & load<u64>(CONTROL, CONTROL_KEEP)) << 12;
}
