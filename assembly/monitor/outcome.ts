/**
 * What a path comes to, for one page: the outcome word of layout.ts, from committed copies.
 *
 * A leaf node that stands on a table has its outcomes there, entry by entry. One that does not inherits one outcome
 * from the lowest node above it that stands: a large page, or why there is none.
 */

import {
  CONTROL,
  CONTROL_KEEP,
  CONTROL_RESERVED,
  FAULT_NOT_PRESENT,
  FAULT_RESERVED_BIT,
  FAULT_UNREADABLE_TABLE,
  KIND_LEAF,
  KIND_MALFORMED,
  KIND_NOT_PRESENT,
  NODE_LEVEL,
  NODE_PARENT,
  NODE_SCRATCH,
  NODE_SLOT,
  NODE_TABLE,
  NODE_VA,
  OUTCOME_BACKED,
  OUTCOME_FAULT_SHIFT,
  OUTCOME_PA,
  PAGE_BITS,
  SCRATCH_CUT,
  TABLE_COPY,
} from "../layout";
import { hasBit, isEmptyBitmap } from "../memory/bitmap";
import { PagingMode } from "../mode";

/** In place of an inherited outcome: the leaf node stands on a table, ask it page by page. */
const STANDS: u64 = ~(<u64>0);

function fault(reason: u32): u64 {
  return (<u64>reason) << OUTCOME_FAULT_SHIFT;
}

/** The entry as committed, at a slot of a node that stands. */
export function entryAt(node: usize, slot: u32): u64 {
  return load<u64>(load<u32>(load<u32>(node, NODE_TABLE), TABLE_COPY) + ((<usize>slot) << 3)) & load<u64>(CONTROL, CONTROL_KEEP);
}

/** The committed entries under a leaf node that stands. */
function entriesOf(leaf: usize): usize {
  return load<u32>(load<u32>(leaf, NODE_TABLE), TABLE_COPY);
}

/** Those entries, where no slot is cut, for `outcomeIn`; 0 elsewhere. `from`: what `inherited` said. */
export function uncutEntries(leaf: usize, from: u64): usize {
  if (from != STANDS) return 0;
  const scratch: usize = load<u32>(leaf, NODE_SCRATCH);
  return scratch && !isEmptyBitmap(scratch + SCRATCH_CUT) ? 0 : entriesOf(leaf);
}

/** The outcome of one page from the entries of a table of the lowest level. */
function outcomeAt<M extends PagingMode>(entries: usize, slot: u32): u64 {
  return outcomeOfEntry<M>(load<u64>(entries + ((<usize>slot) << 3)));
}

/** The outcome of one page from the raw value of its entry of the lowest level. */
export function outcomeOfEntry<M extends PagingMode>(value: u64): u64 {
  const entry = value & load<u64>(CONTROL, CONTROL_KEEP);
  const mode = changetype<M>(0);
  const kind = mode.kindOf(entry, 1, load<u64>(CONTROL, CONTROL_RESERVED));
  if (kind == KIND_LEAF) return mode.leafBase(entry, 1) | (OUTCOME_BACKED | 1);
  return fault(kind == KIND_NOT_PRESENT ? FAULT_NOT_PRESENT : FAULT_RESERVED_BIT);
}

/** True where the path ends at this slot because its table could not be read in this call. */
export function isCut(node: usize, slot: u32): bool {
  const scratch = load<u32>(node, NODE_SCRATCH);
  return scratch != 0 && hasBit(scratch + SCRATCH_CUT, slot);
}

function ofLeafEntry<M extends PagingMode>(entry: u64, level: u32, va: u64): u64 {
  const mode = changetype<M>(0);
  const kind = mode.kindOf(entry, level, load<u64>(CONTROL, CONTROL_RESERVED));
  if (kind == KIND_LEAF) {
    const within = va & (((<u64>1) << mode.shiftAt(level)) - 1) & OUTCOME_PA;
    return mode.leafBase(entry, level) | within | OUTCOME_BACKED | level;
  }
  if (kind == KIND_NOT_PRESENT) return fault(FAULT_NOT_PRESENT);
  if (kind == KIND_MALFORMED) return fault(FAULT_RESERVED_BIT);
  return fault(FAULT_UNREADABLE_TABLE); // leads to a table, yet nothing stands on it
}

/** The outcome of all pages of a leaf node that does not stand, for its first page; STANDS where it does. */
export function inherited<M extends PagingMode>(leaf: usize): u64 {
  if (load<u32>(leaf, NODE_TABLE)) return STANDS;
  const va = load<u64>(leaf, NODE_VA);
  let node = leaf;
  while (true) {
    const parent = load<u32>(node, NODE_PARENT);
    if (!parent) return fault(FAULT_UNREADABLE_TABLE); // the top table
    const slot: u32 = load<u16>(node, NODE_SLOT);
    node = parent;
    if (!load<u32>(node, NODE_TABLE)) continue;
    if (isCut(node, slot)) return fault(FAULT_UNREADABLE_TABLE);
    return ofLeafEntry<M>(entryAt(node, slot), load<u8>(node, NODE_LEVEL), va);
  }
}

/** The outcome of one page of a leaf node, `from` being what `inherited` said of it. */
export function outcomeOf<M extends PagingMode>(leaf: usize, slot: u32, from: u64): u64 {
  if (from != STANDS) return from & OUTCOME_BACKED ? from + ((<u64>slot) << PAGE_BITS) : from;
  if (isCut(leaf, slot)) return fault(FAULT_UNREADABLE_TABLE);
  return outcomeAt<M>(entriesOf(leaf), slot);
}

/** The same for page after page of one leaf node, `entries` being what `uncutEntries` said of it. */
export function outcomeIn<M extends PagingMode>(entries: usize, leaf: usize, slot: u32, from: u64): u64 {
  return entries ? outcomeAt<M>(entries, slot) : outcomeOf<M>(leaf, slot, from);
}
