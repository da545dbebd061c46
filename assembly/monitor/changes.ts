/**
 * The changes of the call: entries whose committed value is not what was read, table by table, ascending by entry.
 *
 * A change holds both values, so that what a page was and what it is can be told without its table's copy: the changes
 * are few and lie side by side, copies are many and by then no longer in any cache.
 */
import {
  CHANGE_BEFORE,
  CHANGE_BYTES,
  CHANGE_ENTRY,
  CHANGE_NOW,
  CHANGE_VANISHED,
  CONTROL,
  CONTROL_CHANGES,
  NODE_TABLE,
  TABLE_CHANGED,
  TABLE_CHANGED_BYTES,
  TABLE_COPY,
  TABLE_SCRATCH,
} from "../layout";
import { endOf, itemsOf, push } from "../memory/vector";

export const CHANGES = CONTROL + CONTROL_CHANGES;

/**
 * Notes the `count` entries that differ, whose numbers are at `places` (u16 each), as read into `frame`; false: memory
 * is exhausted.
 */
export function noteChanged(table: usize, places: usize, count: u32, frame: usize): bool {
  if (!count) return true;
  const changes = push(CHANGES, count * CHANGE_BYTES);
  if (!changes) return false;
  const copy: usize = load<u32>(table, TABLE_COPY);
  for (let i: u32 = 0; i < count; i++) {
    const change = changes + <usize>i * CHANGE_BYTES;
    const entry: usize = load<u16>(places + ((<usize>i) << 1));
    store<u32>(change, <u32>table);
    store<u16>(change, <u16>entry, CHANGE_ENTRY);
    store<u16>(change, 0, CHANGE_VANISHED);
    store<u64>(change, load<u64>(frame + (entry << 3)), CHANGE_NOW);
    store<u64>(change, load<u64>(copy + (entry << 3)), CHANGE_BEFORE);
  }
  const scratch: usize = load<u32>(table, TABLE_SCRATCH);
  if (scratch) {
    store<u32>(scratch, <u32>(changes - itemsOf(CHANGES)), TABLE_CHANGED);
    store<u32>(scratch, count * CHANGE_BYTES, TABLE_CHANGED_BYTES);
  }
  return true;
}

/** Notes an entry whose table could not be read; false: memory is exhausted. */
export function noteVanishedEntry(table: usize, entry: u32): bool {
  const change = push(CHANGES, CHANGE_BYTES);
  if (!change) return false;
  store<u32>(change, <u32>table);
  store<u16>(change, <u16>entry, CHANGE_ENTRY);
  store<u16>(change, 1, CHANGE_VANISHED);
  return true;
}

/** The first change of the table that a node stands on; where none is known, their end. */
export function firstChange(node: usize): usize {
  const scratch = scratchUnder(node);
  return scratch ? itemsOf(CHANGES) + load<u32>(scratch, TABLE_CHANGED) : 0;
}

/** The end of those changes. */
export function endOfChanges(node: usize): usize {
  const scratch = scratchUnder(node);
  return scratch ? itemsOf(CHANGES) + load<u32>(scratch, TABLE_CHANGED) + load<u32>(scratch, TABLE_CHANGED_BYTES) : 0;
}

function scratchUnder(node: usize): usize {
  const table: usize = load<u32>(node, NODE_TABLE);
  return table ? load<u32>(table, TABLE_SCRATCH) : 0;
}

/** From `change` on the first that is of `entry` or a later one, or `end`. */
export function skipTo(change: usize, end: usize, entry: u32): usize {
  let at = change;
  while (at < end && load<u16>(at, CHANGE_ENTRY) < entry) at += CHANGE_BYTES;
  return at;
}

/** Whether it is the change of `entry`. */
export function isOf(change: usize, end: usize, entry: u32): bool {
  return change < end && load<u16>(change, CHANGE_ENTRY) == entry;
}

/** Writes to the copies what was read. */
export function commitChanges(): void {
  writeAll(CHANGE_NOW);
}

/** Writes to the copies what they held before. */
export function revertChanges(): void {
  writeAll(CHANGE_BEFORE);
}

function writeAll(value: usize): void {
  const end = endOf(CHANGES);
  for (let change = itemsOf(CHANGES); change < end; change += CHANGE_BYTES) {
    if (load<u16>(change, CHANGE_VANISHED)) continue;
    const copy: usize = load<u32>(load<u32>(change), TABLE_COPY);
    store<u64>(copy + ((<usize>load<u16>(change, CHANGE_ENTRY)) << 3), load<u64>(change + value));
  }
}
