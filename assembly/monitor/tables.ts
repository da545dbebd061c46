/**
 * Tables under watch: one record a (view, GFN) with the committed copy, the bitmap of monitored entries and the nodes
 * that stand on it.
 *
 * Rule: an entry is monitored exactly where a node that stands on the table uses its slot. While a call is under way
 * the bitmap may have more; tables that a node has left are suspects, and the sweep at the end of the call makes it
 * true.
 */

import {
  BITMAP_BYTES,
  CONTROL,
  CONTROL_ENTRIES,
  CONTROL_FIRST_TABLE,
  CONTROL_LAST_TABLE,
  CONTROL_SUSPECTS,
  CONTROL_TABLE_INDEX,
  CONTROL_TABLES,
  ENTRIES,
  GFN_BITS,
  NODE_NEXT,
  NODE_PREVIOUS,
  NODE_TABLE,
  NODE_USED,
  TABLE_BYTES_LOG2,
  TABLE_COPY,
  TABLE_COUNTS,
  TABLE_FIRST_NODE,
  TABLE_FLAG_SUSPECT,
  TABLE_FLAG_UNREAD,
  TABLE_FLAGS,
  TABLE_KEY,
  TABLE_MONITORED,
  TABLE_NEXT,
  TABLE_NODES,
  TABLE_PREVIOUS,
  TABLE_SCRATCH,
  TABLE_SCRATCH_BYTES_LOG2,
  TABLE_SUSPECT_NEXT,
} from "../layout";
import { allocate, allocateCopy, release } from "../memory/arena";
import { clearBit, hasBit, isEmptyBitmap, nextBit } from "../memory/bitmap";
import { find, insert, prepareInsert, remove } from "../memory/frame-index";

const COPY_LOG2: u32 = 12;
const COUNTS_LOG2: u32 = 11;
/** Up to so many nodes on a table are asked one by one what they use. */
export const FEW_NODES: u32 = 8;
const END_OF_SUSPECTS: u32 = 1; // no record lies at 1; tells "last in the list" from "not in it"

export function tableKey(view: u32, gfn: u64): u64 {
  return ((<u64>view) << GFN_BITS) | gfn;
}

export function findTable(key: u64): usize {
  return find(CONTROL + CONTROL_TABLE_INDEX, key, 0);
}

/** A record for a table that has none; 0: memory is exhausted and nothing has changed. */
export function createTable(key: u64): usize {
  if (!prepareInsert(CONTROL + CONTROL_TABLE_INDEX)) return 0;
  const copy = allocateCopy();
  if (!copy) return 0;
  const table = allocate(TABLE_BYTES_LOG2);
  if (!table) {
    release(copy, COPY_LOG2);
    return 0;
  }
  memory.fill(table, 0, (<usize>1) << TABLE_BYTES_LOG2);
  store<u64>(table, key, TABLE_KEY);
  store<u32>(table, <u32>copy, TABLE_COPY);
  store<u32>(table, TABLE_FLAG_UNREAD, TABLE_FLAGS);
  const last = load<u32>(CONTROL, CONTROL_LAST_TABLE);
  store<u32>(table, last, TABLE_PREVIOUS);
  if (last) store<u32>(last, <u32>table, TABLE_NEXT);
  else store<u32>(CONTROL, <u32>table, CONTROL_FIRST_TABLE);
  store<u32>(CONTROL, <u32>table, CONTROL_LAST_TABLE);
  insert(CONTROL + CONTROL_TABLE_INDEX, key, 0, table);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_TABLES) + 1, CONTROL_TABLES);
  return table;
}

function dropTable(table: usize): void {
  const next = load<u32>(table, TABLE_NEXT);
  const previous = load<u32>(table, TABLE_PREVIOUS);
  if (next) store<u32>(next, previous, TABLE_PREVIOUS);
  else store<u32>(CONTROL, previous, CONTROL_LAST_TABLE);
  if (previous) store<u32>(previous, next, TABLE_NEXT);
  else store<u32>(CONTROL, next, CONTROL_FIRST_TABLE);
  remove(CONTROL + CONTROL_TABLE_INDEX, load<u64>(table, TABLE_KEY), 0);
  releaseTableScratch(table);
  release(load<u32>(table, TABLE_COPY), COPY_LOG2);
  if (load<u32>(table, TABLE_COUNTS)) release(load<u32>(table, TABLE_COUNTS), COUNTS_LOG2);
  release(table, TABLE_BYTES_LOG2);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_TABLES) - 1, CONTROL_TABLES);
}

export function join(node: usize, table: usize): void {
  const first = load<u32>(table, TABLE_FIRST_NODE);
  store<u32>(node, <u32>table, NODE_TABLE);
  store<u32>(node, first, NODE_NEXT);
  store<u32>(node, 0, NODE_PREVIOUS);
  if (first) store<u32>(first, <u32>node, NODE_PREVIOUS);
  store<u32>(table, <u32>node, TABLE_FIRST_NODE);
  const nodes = load<u32>(table, TABLE_NODES) + 1;
  store<u32>(table, nodes, TABLE_NODES);
  if (load<u32>(table, TABLE_COUNTS)) countUses(table, node, 1);
  else if (nodes > FEW_NODES) beginCounting(table);
}

/**
 * From here on it is counted how many nodes use each entry; without memory for it they are asked one by one as before.
 */
function beginCounting(table: usize): void {
  const counts = allocate(COUNTS_LOG2);
  if (!counts) return;
  memory.fill(counts, 0, (<usize>1) << COUNTS_LOG2);
  store<u32>(table, <u32>counts, TABLE_COUNTS);
  for (let node: usize = load<u32>(table, TABLE_FIRST_NODE); node; node = load<u32>(node, NODE_NEXT)) countUses(table, node, 1);
}

function countUses(table: usize, node: usize, by: i32): void {
  const counts: usize = load<u32>(table, TABLE_COUNTS);
  for (let slot = nextBit(node + NODE_USED, 0); slot < ENTRIES; slot = nextBit(node + NODE_USED, slot + 1)) {
    const at = counts + ((<usize>slot) << 2);
    store<u32>(at, load<u32>(at) + by);
  }
}

/** A node has come to use a slot, or no longer does. */
export function countUse(node: usize, slot: u32, by: i32): void {
  const table: usize = load<u32>(node, NODE_TABLE);
  const counts: usize = table ? load<u32>(table, TABLE_COUNTS) : 0;
  if (!counts) return;
  const at = counts + ((<usize>slot) << 2);
  store<u32>(at, load<u32>(at) + by);
}

/** The node stands nowhere; what it stood on becomes a suspect. */
export function leave(node: usize): void {
  const table = load<u32>(node, NODE_TABLE);
  if (!table) return;
  const next = load<u32>(node, NODE_NEXT);
  const previous = load<u32>(node, NODE_PREVIOUS);
  if (next) store<u32>(next, previous, NODE_PREVIOUS);
  if (previous) store<u32>(previous, next, NODE_NEXT);
  else store<u32>(table, next, TABLE_FIRST_NODE);
  store<u32>(node, 0, NODE_TABLE);
  store<u32>(table, load<u32>(table, TABLE_NODES) - 1, TABLE_NODES);
  if (load<u32>(table, TABLE_COUNTS)) countUses(table, node, -1);
  suspect(table);
}

export function suspect(table: usize): void {
  const flags = load<u32>(table, TABLE_FLAGS);
  if (flags & TABLE_FLAG_SUSPECT) return;
  store<u32>(table, flags | TABLE_FLAG_SUSPECT, TABLE_FLAGS);
  const first = load<u32>(CONTROL, CONTROL_SUSPECTS);
  store<u32>(table, first ? first : END_OF_SUSPECTS, TABLE_SUSPECT_NEXT);
  store<u32>(CONTROL, <u32>table, CONTROL_SUSPECTS);
}

/** The node no longer uses `slot`: the entry is monitored on only where another node of the table uses it. */
export function unuse(node: usize, slot: u32): void {
  const table = load<u32>(node, NODE_TABLE);
  if (!table || !hasBit(table + TABLE_MONITORED, slot)) return;
  const counts: usize = load<u32>(table, TABLE_COUNTS);
  if (counts && load<u32>(counts + ((<usize>slot) << 2))) return;
  for (let other: usize = counts ? 0 : load<u32>(table, TABLE_FIRST_NODE); other; other = load<u32>(other, NODE_NEXT)) {
    if (other != node && hasBit(other + NODE_USED, slot)) return;
  }
  clearBit(table + TABLE_MONITORED, slot);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_ENTRIES) - 1, CONTROL_ENTRIES);
}

/**
 * Makes the bitmaps of all suspects true; the first that is left without an entry comes back, out of the list; 0: done.
 */
export function sweep(): usize {
  while (true) {
    const table = load<u32>(CONTROL, CONTROL_SUSPECTS);
    if (!table) return 0;
    const next = load<u32>(table, TABLE_SUSPECT_NEXT);
    store<u32>(CONTROL, next == END_OF_SUSPECTS ? 0 : next, CONTROL_SUSPECTS);
    store<u32>(table, load<u32>(table, TABLE_FLAGS) & ~TABLE_FLAG_SUSPECT, TABLE_FLAGS);
    dropUnused(table);
    if (isEmptyBitmap(table + TABLE_MONITORED)) return table;
  }
}

function dropUnused(table: usize): void {
  const counts: usize = load<u32>(table, TABLE_COUNTS);
  let lost: u64 = 0;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    const monitored = load<u64>(table + word, TABLE_MONITORED);
    const used = counts ? countedWord(counts + (word << 5), monitored) : usedWord(table, word);
    lost += popcnt<u64>(monitored & ~used);
    store<u64>(table + word, monitored & used, TABLE_MONITORED);
  }
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_ENTRIES) - <u32>lost, CONTROL_ENTRIES);
}

/** A word of what the nodes on a table use. */
export function usedWord(table: usize, word: usize): u64 {
  let used: u64 = 0;
  for (let node = load<u32>(table, TABLE_FIRST_NODE); node; node = load<u32>(node, NODE_NEXT)) used |= load<u64>(node + word, NODE_USED);
  return used;
}

/** Those of `monitored` whose count, of 64 from `counts` on, is not zero. */
function countedWord(counts: usize, monitored: u64): u64 {
  let used: u64 = 0;
  for (let bits = monitored; bits; bits &= bits - 1) {
    if (load<u32>(counts + ((<usize>ctz<u64>(bits)) << 2))) used |= bits & (0 - bits);
  }
  return used;
}

/** Forgets a table that `sweep` has given. */
export function forgetTable(table: usize): void {
  dropTable(table);
}

/** The table's bitmaps for the length of a call; 0: memory is exhausted. */
export function tableScratch(table: usize): usize {
  const there = load<u32>(table, TABLE_SCRATCH);
  if (there) return there;
  const scratch = allocate(TABLE_SCRATCH_BYTES_LOG2);
  if (!scratch) return 0;
  memory.fill(scratch, 0, (<usize>1) << TABLE_SCRATCH_BYTES_LOG2);
  store<u32>(table, <u32>scratch, TABLE_SCRATCH);
  return scratch;
}

export function releaseTableScratch(table: usize): void {
  const scratch = load<u32>(table, TABLE_SCRATCH);
  if (scratch) release(scratch, TABLE_SCRATCH_BYTES_LOG2);
  store<u32>(table, 0, TABLE_SCRATCH);
}
