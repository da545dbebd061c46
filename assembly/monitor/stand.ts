/**
 * Standing nodes on tables: what a round (rounds.ts) does at its level.
 *
 *   standLevel   finds where each touched node stands, and which entries there are not monitored yet; queues those
 *                tables and names the first of them, for TypeScript to protect and read
 *   absorb       commits the entries that were waited for, from the frames read, and names the next tables (reads.ts)
 *   settleLevel  cuts the slots whose table could not be read, and hands on to the nodes below
 *
 * The driver may throw between these; nothing that came before the call has been written over by then.
 */

import {
  BITMAP_BYTES,
  CONTROL,
  CONTROL_RELOCATIONS,
  CONTROL_RESERVED,
  CONTROL_TOUCHED,
  ENTRIES,
  EXHAUSTED,
  KIND_TABLE,
  NO_MEMORY,
  NODE_CUT,
  NODE_FLAG_MOVED,
  NODE_FLAG_STAND,
  NODE_FLAGS,
  NODE_LEVEL,
  NODE_PARENT,
  NODE_SCRATCH,
  NODE_SLOT,
  NODE_SPACE,
  NODE_TABLE,
  NODE_TOUCHED_NEXT,
  NODE_USED,
  OK,
  RELOCATION_BYTES,
  ROUNDS_PROCESSING,
  SCRATCH_CUT,
  SPACE_ROOT_GFN,
  SPACE_VIEW,
  TABLE_FLAG_NOTED,
  TABLE_FLAG_QUEUED,
  TABLE_FLAG_UNREAD,
  TABLE_FLAGS,
  TABLE_MONITORED,
  TABLE_NODES,
  TABLE_PENDING,
  TABLE_SCRATCH,
  TABLE_VANISHED,
  TRIES,
} from "../layout";
import { nextBit } from "../memory/bitmap";
import { push } from "../memory/vector";
import { PagingMode } from "../mode";
import { nodeScratch } from "./node-scratch";
import { entryAt, isCut } from "./outcome";
import { nextReads, queueTable } from "./reads";
import { createTable, FEW_NODES, findTable, join, leave, tableKey, tableScratch } from "./tables";
import { childOf, touch } from "./trie";

const NOWHERE: u64 = ~(<u64>0);

/** Key of the table that a node's path leads to; NOWHERE: to none. */
export function keyUnder<M extends PagingMode>(node: usize): u64 {
  const space: usize = load<u32>(node, NODE_SPACE);
  const view = load<u32>(space, SPACE_VIEW);
  const parent = load<u32>(node, NODE_PARENT);
  if (!parent) return tableKey(view, load<u64>(space, SPACE_ROOT_GFN));
  const slot: u32 = load<u16>(node, NODE_SLOT);
  if (!load<u32>(parent, NODE_TABLE) || isCut(parent, slot)) return NOWHERE;
  const entry = entryAt(parent, slot);
  const mode = changetype<M>(0);
  if (mode.kindOf(entry, load<u8>(parent, NODE_LEVEL), load<u64>(CONTROL, CONTROL_RESERVED)) != KIND_TABLE) return NOWHERE;
  return tableKey(view, mode.tableFrame(entry));
}

/**
 * Where the touched nodes of a level stand; of ROUNDS_PROCESSING what moves is noted, for `undo`. Answers how many
 * tables are named to be read, as `nextReads` does, or NO_MEMORY.
 */
export function standLevel<M extends PagingMode>(level: u32, rounds: u32): u32 {
  for (let node: usize = load<u32>(CONTROL + ((<usize>level) << 2), CONTROL_TOUCHED); node; node = load<u32>(node, NODE_TOUCHED_NEXT)) {
    const flags = load<u8>(node, NODE_FLAGS);
    if (flags & NODE_FLAG_STAND) {
      const key = keyUnder<M>(node);
      const earlier = load<u32>(node, NODE_TABLE);
      let table: usize = key == NOWHERE ? 0 : findTable(key);
      if (table != earlier || (!table && key != NOWHERE)) {
        if (rounds == ROUNDS_PROCESSING) {
          const relocation = push(CONTROL + CONTROL_RELOCATIONS, RELOCATION_BYTES);
          if (!relocation) return NO_MEMORY;
          store<u32>(relocation, <u32>node);
          store<u32>(relocation, earlier, 4);
        }
        if (!table && key != NOWHERE) {
          table = createTable(key);
          if (!table) return NO_MEMORY;
        }
        leave(node);
        if (table) join(node, table);
        store<u8>(node, (flags & ~NODE_FLAG_STAND) | NODE_FLAG_MOVED, NODE_FLAGS);
      } else store<u8>(node, flags & ~NODE_FLAG_STAND, NODE_FLAGS);
    }
    const table: usize = load<u32>(node, NODE_TABLE);
    if (table && needsMore(node, table) && !queueForRead(node, table)) return NO_MEMORY;
  }
  return nextReads();
}

function needsMore(node: usize, table: usize): bool {
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    if (load<u64>(node + word, NODE_USED) & ~load<u64>(table + word, TABLE_MONITORED)) return true;
  }
  return false;
}

/**
 * Queues the table of a node that uses entries of it which are not monitored yet. False: memory is exhausted.
 *
 * Which entries are waited for is noted here only if many nodes stand on the table. With few nodes it is cheaper to ask
 * each of them after the read. A table read for the first time is taken whole.
 */
function queueForRead(node: usize, table: usize): bool {
  const flags = load<u32>(table, TABLE_FLAGS);
  const isFirst = !(flags & TABLE_FLAG_QUEUED);
  if (flags & TABLE_FLAG_UNREAD || (isFirst ? load<u32>(table, TABLE_NODES) <= FEW_NODES : !(flags & TABLE_FLAG_NOTED))) {
    queueTable(table);
    return true;
  }
  const scratch = tableScratch(table);
  if (!scratch) return false;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    const needed = load<u64>(node + word, NODE_USED) & ~load<u64>(table + word, TABLE_MONITORED);
    store<u64>(scratch + word, load<u64>(scratch + word, TABLE_PENDING) | needed, TABLE_PENDING);
  }
  store<u32>(table, flags | TABLE_FLAG_NOTED, TABLE_FLAGS);
  queueTable(table);
  return true;
}

/**
 * Cuts what could not be read; of ROUNDS_PROCESSING the nodes below one that stands elsewhere now are to stand anew.
 */
export function settleLevel(level: u32, rounds: u32): u32 {
  const list = CONTROL + CONTROL_TOUCHED + ((<usize>level) << 2);
  for (let node: usize = load<u32>(list); node; ) {
    const next = load<u32>(node, NODE_TOUCHED_NEXT);
    if (!cutUnread(node)) return EXHAUSTED;
    const flags = load<u8>(node, NODE_FLAGS);
    if (rounds == ROUNDS_PROCESSING && level > 1 && (flags & NODE_FLAG_MOVED || load<u8>(node, NODE_CUT))) {
      for (let slot = nextBit(node + NODE_USED, 0); slot < ENTRIES; slot = nextBit(node + NODE_USED, slot + 1)) {
        touch(childOf(node, slot), NODE_FLAG_STAND);
      }
    }
    store<u8>(node, 0, NODE_FLAGS);
    store<u32>(list, next);
    node = next;
  }
  return OK;
}

/** Sets a node's cut slots: those whose entry is not to be had, never read or vanished. False: memory is exhausted. */
function cutUnread(node: usize): bool {
  const table: usize = load<u32>(node, NODE_TABLE);
  const tableBits: usize = table ? load<u32>(table, TABLE_SCRATCH) : 0;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    let cut: u64 = 0;
    if (table) {
      const vanished = tableBits ? load<u64>(tableBits + word, TABLE_VANISHED) : 0;
      cut = load<u64>(node + word, NODE_USED) & (vanished | ~load<u64>(table + word, TABLE_MONITORED));
    }
    let scratch: usize = load<u32>(node, NODE_SCRATCH);
    if (!scratch) {
      if (!cut) continue;
      scratch = nodeScratch(node);
      if (!scratch) return false;
    }
    store<u64>(scratch + word, cut, SCRATCH_CUT);
  }
  return true;
}

/** Forgets the touched nodes of all levels: the call has failed. */
export function abandonTouched(): void {
  for (let level: usize = 0; level < TRIES; level++) {
    for (let node: usize = load<u32>(CONTROL + (level << 2), CONTROL_TOUCHED); node; node = load<u32>(node, NODE_TOUCHED_NEXT)) {
      store<u8>(node, 0, NODE_FLAGS);
    }
    store<u32>(CONTROL + (level << 2), 0, CONTROL_TOUCHED);
  }
}
