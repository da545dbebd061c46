/**
 * The two sides of a slot: what the entries before and after lead to, a table, a page or a part of one, or nothing.
 *
 * They are written to the step below, which is begun where there is a table to go into; of a table the GFN is in
 * STEP_LEAF_PA.
 */
import { CONTROL, CONTROL_KEEP, CONTROL_RESERVED, KIND_LEAF, KIND_NOT_PRESENT, KIND_TABLE } from "../layout";
import { PagingMode } from "../mode";
import { STEP_ACCESS, STEP_KIND, STEP_LEAF_LEVEL, STEP_LEAF_PA } from "../space-layout";
import { copyAt } from "./steps";

/**
 * What a side is in the slot of `step` around `at`, written to the step below; of a table the GFN is in STEP_LEAF_PA.
 */
export function takeApart<M extends PagingMode>(step: usize, below: usize, level: u32, at: u64, side: u32): void {
  const from = step + ((<usize>side) << 2);
  const to = below + ((<usize>side) << 2);
  const kind = load<u32>(from, STEP_KIND);
  if (kind != KIND_TABLE) {
    store<u32>(to, kind, STEP_KIND);
    store<u32>(to, load<u32>(from, STEP_ACCESS), STEP_ACCESS);
    store<u32>(to, load<u32>(from, STEP_LEAF_LEVEL), STEP_LEAF_LEVEL);
    store<u64>(below + ((<usize>side) << 3), load<u64>(step + ((<usize>side) << 3), STEP_LEAF_PA), STEP_LEAF_PA);
    return;
  }
  const mode = changetype<M>(0);
  const value = load<u64>(copyAt(step, side) + ((<usize>mode.indexAt(at, level)) << 3));
  takeEntryApart<M>(value, load<u32>(from, STEP_ACCESS), below, level, side);
}

export function takeEntryApart<M extends PagingMode>(value: u64, path: u32, below: usize, level: u32, side: u32): void {
  const mode = changetype<M>(0);
  const entry = value & load<u64>(CONTROL, CONTROL_KEEP);
  const to = below + ((<usize>side) << 2);
  const toWide = below + ((<usize>side) << 3);
  const kind = mode.kindOf(entry, level, load<u64>(CONTROL, CONTROL_RESERVED));
  if (kind != KIND_TABLE && kind != KIND_LEAF) {
    store<u32>(to, KIND_NOT_PRESENT, STEP_KIND); // malformed maps nothing either
    store<u32>(to, 0, STEP_ACCESS);
    return;
  }
  store<u32>(to, kind, STEP_KIND);
  store<u32>(to, path & changetype<M>(0).accessOf(entry, level), STEP_ACCESS);
  store<u32>(to, kind == KIND_LEAF ? level : 0, STEP_LEAF_LEVEL);
  store<u64>(toWide, kind == KIND_LEAF ? mode.leafBase(entry, level) : mode.tableFrame(entry), STEP_LEAF_PA);
}

export function leafLevel(step: usize, side: u32): u32 {
  const ofSide = step + ((<usize>side) << 2);
  return load<u32>(ofSide, STEP_KIND) == KIND_LEAF ? load<u32>(ofSide, STEP_LEAF_LEVEL) : 0;
}

export function leafPa<M extends PagingMode>(step: usize, side: u32, at: u64): u64 {
  const level = leafLevel(step, side);
  if (!level) return 0;
  return load<u64>(step + ((<usize>side) << 3), STEP_LEAF_PA) | (at & (((<u64>1) << changetype<M>(0).shiftAt(level)) - 1));
}

/** Two last-level tables, below a slot of `level`, whose leaves need not be seen where they do not differ. */
export function isPair(below: usize, level: u32): bool {
  return level == 2 && areTables(below);
}

/** Whether both sides of a step are tables, reached with one access. */
export function areTables(step: usize): bool {
  return (
    load<u32>(step, STEP_KIND) == KIND_TABLE &&
    load<u32>(step, STEP_KIND + 4) == KIND_TABLE &&
    load<u32>(step, STEP_ACCESS) == load<u32>(step, STEP_ACCESS + 4)
  );
}

export const NO_TABLE: u64 = ~(<u64>0);

/** GFN of the last-level table that both of two copies lead to by the same entry; NO_TABLE where they do not. */
export function sameTable<M extends PagingMode>(before: usize, after: usize, place: u32): u64 {
  const value = load<u64>(before + ((<usize>place) << 3));
  if (value != load<u64>(after + ((<usize>place) << 3))) return NO_TABLE;
  const mode = changetype<M>(0);
  const entry = value & load<u64>(CONTROL, CONTROL_KEEP);
  return mode.kindOf(entry, 2, load<u64>(CONTROL, CONTROL_RESERVED)) == KIND_TABLE ? mode.tableFrame(entry) : NO_TABLE;
}
