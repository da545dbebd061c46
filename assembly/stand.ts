/**
 * Standing nodes on tables: what a round (rounds.ts) does at its level.
 *
 *   standLevel   finds where each touched node stands, and which entries there are not monitored yet; queues those tables and
 *                names the first of them, for TypeScript to protect and read
 *   absorb       commits the entries that were waited for, from the frames read, and names the next tables
 *   settleLevel  cuts the slots whose table could not be read, and hands on to the nodes below
 *
 * The driver may throw between these; nothing that came before the call has been written over by then.
 */
import { allocate } from "./arena";
import { countBits, isEmptyBitmap, nextBit } from "./bitmap";
import {
  BITMAP_BYTES,
  CONTROL,
  CONTROL_AFFECTED,
  CONTROL_ENTRIES,
  CONTROL_QUEUE,
  CONTROL_QUEUE_LAST,
  CONTROL_RELOCATIONS,
  CONTROL_RESERVED,
  CONTROL_TOUCHED,
  ENTRIES,
  EXHAUSTED,
  FRAME_BYTES,
  GFN_BITS,
  KIND_TABLE,
  NO_MEMORY,
  NODE_CUT,
  NODE_FLAG_MOVED,
  NODE_FLAG_STAND,
  NODE_FLAGS,
  NODE_LEVEL,
  NODE_NEXT,
  NODE_PARENT,
  NODE_SCRATCH,
  NODE_SLOT,
  NODE_SPACE,
  NODE_TABLE,
  NODE_TOUCHED_NEXT,
  NODE_USED,
  OK,
  READ_GFNS,
  READS,
  READS_LENGTH,
  RELOCATION_BYTES,
  SCRATCH_BYTES_LOG2,
  SCRATCH_CUT,
  SPACE_ROOT_GFN,
  SPACE_VIEW,
  STAGING,
  TABLE_COPY,
  TABLE_FIRST_NODE,
  TABLE_FLAG_NOTED,
  TABLE_FLAG_QUEUED,
  TABLE_FLAG_UNREAD,
  TABLE_FLAGS,
  TABLE_KEY,
  TABLE_MARKED,
  TABLE_MONITORED,
  TABLE_NODES,
  TABLE_PENDING,
  TABLE_QUEUE_NEXT,
  TABLE_SCRATCH,
  TABLE_VANISHED,
  TRIES,
} from "./layout";
import { PagingMode } from "./mode";
import { entryAt, isCut } from "./outcome";
import { createTable, FEW_NODES, findTable, join, leave, releaseTableScratch, tableKey, tableScratch, usedWord } from "./tables";
import { childOf, touch } from "./trie";
import { push } from "./vector";

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
 * Where the touched nodes of a level stand. With `undoable`, what moves is noted for `undo`. Answers how many tables are named to be
 * read, as `nextReads` does, or NO_MEMORY.
 */
export function standLevel<M extends PagingMode>(level: u32, undoable: bool): u32 {
  for (let node: usize = load<u32>(CONTROL + ((<usize>level) << 2), CONTROL_TOUCHED); node; node = load<u32>(node, NODE_TOUCHED_NEXT)) {
    const flags = load<u8>(node, NODE_FLAGS);
    if (flags & NODE_FLAG_STAND) {
      const key = keyUnder<M>(node);
      const earlier = load<u32>(node, NODE_TABLE);
      let table: usize = key == NOWHERE ? 0 : findTable(key);
      if (table != earlier || (!table && key != NOWHERE)) {
        if (undoable) {
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
 * What is waited for is noted only where many nodes stand on a table as it is queued: else all of them are asked when it has been read, and wait
 * for what they use and is not monitored yet. Of a table that has not been read yet they wait for all that they use.
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

/** Puts a table at the end of those to be read. */
export function queueTable(table: usize): void {
  const flags = load<u32>(table, TABLE_FLAGS);
  if (flags & TABLE_FLAG_QUEUED) return;
  store<u32>(table, flags | TABLE_FLAG_QUEUED, TABLE_FLAGS);
  store<u32>(table, 0, TABLE_QUEUE_NEXT);
  const last = load<u32>(CONTROL, CONTROL_QUEUE_LAST);
  if (last) store<u32>(last, <u32>table, TABLE_QUEUE_NEXT);
  else store<u32>(CONTROL, <u32>table, CONTROL_QUEUE);
  store<u32>(CONTROL, <u32>table, CONTROL_QUEUE_LAST);
}

/** Names the next tables to read in READS and READ_GFNS; they stay queued until `unqueue`. Answers how many. */
export function nextReads(): u32 {
  let count: u32 = 0;
  for (let table = load<u32>(CONTROL, CONTROL_QUEUE); table && count < READS_LENGTH; table = load<u32>(table, TABLE_QUEUE_NEXT)) {
    nameRead(count++, table);
  }
  return count;
}

export function nameRead(place: u32, table: usize): void {
  store<u32>(READS + ((<usize>place) << 3), <u32>table);
  store<f64>(READ_GFNS + ((<usize>place) << 3), <f64>(load<u64>(table, TABLE_KEY) & (((<u64>1) << GFN_BITS) - 1)));
}

/** Takes the first of the queue off it. */
export function unqueue(table: usize): void {
  const next = load<u32>(table, TABLE_QUEUE_NEXT);
  store<u32>(table, load<u32>(table, TABLE_FLAGS) & ~TABLE_FLAG_QUEUED, TABLE_FLAGS);
  store<u32>(CONTROL, next, CONTROL_QUEUE);
  if (!next) store<u32>(CONTROL, 0, CONTROL_QUEUE_LAST);
}

/**
 * Commits what was waited for in the first `count` of READS. The u32 beside each says whether it could be read. Answers how many are
 * named to be read next.
 */
export function absorb(count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const table: usize = load<u32>(READS + ((<usize>i) << 3));
    const isRead = load<u32>(READS + ((<usize>i) << 3), 4) != 0;
    const frame = STAGING + <usize>i * FRAME_BYTES;
    unqueue(table);
    if (load<u32>(table, TABLE_FLAGS) & TABLE_FLAG_UNREAD) {
      if (isRead) takeTable(table, frame);
    } else {
      if (isRead) takeEntries(table, frame);
      dropPending(table);
    }
  }
  return nextReads();
}

/** The first reading of a table: as a whole, with all entries that its nodes use. */
function takeTable(table: usize, frame: usize): void {
  memory.copy(load<u32>(table, TABLE_COPY), frame, FRAME_BYTES);
  store<u32>(table, load<u32>(table, TABLE_FLAGS) & ~TABLE_FLAG_UNREAD, TABLE_FLAGS);
  for (let node: usize = load<u32>(table, TABLE_FIRST_NODE); node; node = load<u32>(node, NODE_NEXT)) {
    for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
      store<u64>(table + word, load<u64>(table + word, TABLE_MONITORED) | load<u64>(node + word, NODE_USED), TABLE_MONITORED);
    }
  }
  countEntries(countBits(table + TABLE_MONITORED));
}

/** Of a table that has been read before only the entries that were waited for: the others may have writes pending. */
function takeEntries(table: usize, frame: usize): void {
  const copy: usize = load<u32>(table, TABLE_COPY);
  const isNoted = (load<u32>(table, TABLE_FLAGS) & TABLE_FLAG_NOTED) != 0;
  const scratch: usize = load<u32>(table, TABLE_SCRATCH);
  let taken: u64 = 0;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    const monitored = load<u64>(table + word, TABLE_MONITORED);
    const pending = (isNoted ? load<u64>(scratch + word, TABLE_PENDING) : usedWord(table, word)) & ~monitored;
    taken += popcnt<u64>(pending);
    store<u64>(table + word, monitored | pending, TABLE_MONITORED);
    for (let bits = pending; bits; bits &= bits - 1) {
      const at = ((word << 3) + <usize>ctz<u64>(bits)) << 3;
      store<u64>(copy + at, load<u64>(frame + at));
    }
  }
  countEntries(<u32>taken);
}

function countEntries(added: u32): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_ENTRIES) + added, CONTROL_ENTRIES);
}

/** Forgets what was waited for. A table being processed keeps its scratch to the end of the call. */
function dropPending(table: usize): void {
  const flags = load<u32>(table, TABLE_FLAGS);
  if (!(flags & TABLE_FLAG_NOTED)) return;
  const scratch: usize = load<u32>(table, TABLE_SCRATCH);
  store<u32>(table, flags & ~TABLE_FLAG_NOTED, TABLE_FLAGS);
  memory.fill(scratch + TABLE_PENDING, 0, BITMAP_BYTES);
  if (isEmptyBitmap(scratch + TABLE_MARKED)) releaseTableScratch(table);
}

/** Forgets what is queued: the call has failed. */
export function abandonReads(): void {
  for (let table: usize = load<u32>(CONTROL, CONTROL_QUEUE); table; ) {
    const next = load<u32>(table, TABLE_QUEUE_NEXT);
    store<u32>(table, load<u32>(table, TABLE_FLAGS) & ~(TABLE_FLAG_QUEUED | TABLE_FLAG_NOTED), TABLE_FLAGS);
    releaseTableScratch(table);
    table = next;
  }
  store<u32>(CONTROL, 0, CONTROL_QUEUE);
  store<u32>(CONTROL, 0, CONTROL_QUEUE_LAST);
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

/** Cuts what could not be read. With `onward` the nodes below one that stands elsewhere now are to stand anew. */
export function settleLevel(level: u32, onward: bool): u32 {
  const list = CONTROL + CONTROL_TOUCHED + ((<usize>level) << 2);
  for (let node: usize = load<u32>(list); node; ) {
    const next = load<u32>(node, NODE_TOUCHED_NEXT);
    if (!cutUnread(node)) return EXHAUSTED;
    const flags = load<u8>(node, NODE_FLAGS);
    if (onward && level > 1 && (flags & NODE_FLAG_MOVED || load<u8>(node, NODE_CUT))) {
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

/** A node's bitmaps for the length of a call; 0: memory is exhausted. */
export function nodeScratch(node: usize): usize {
  const there = load<u32>(node, NODE_SCRATCH);
  if (there) return there;
  const listed = push(CONTROL + CONTROL_AFFECTED, 4);
  if (!listed) return 0;
  store<u32>(listed, 0);
  const scratch = allocate(SCRATCH_BYTES_LOG2);
  if (!scratch) return 0;
  memory.fill(scratch, 0, (<usize>1) << SCRATCH_BYTES_LOG2);
  store<u32>(listed, <u32>node);
  store<u32>(node, <u32>scratch, NODE_SCRATCH);
  return scratch;
}
