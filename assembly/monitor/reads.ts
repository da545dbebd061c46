/**
 * Tables to be read: queued, named in READS for TypeScript, and committed as far as their entries were waited for.
 *
 * A table stays queued until what was read of it is absorbed or compared, so that a driver that throws loses nothing.
 * Of a table that has been read before only the entries waited for are committed: the others may have writes pending.
 */

import {
  BITMAP_BYTES,
  CONTROL,
  CONTROL_ENTRIES,
  CONTROL_FIRST_TABLE,
  CONTROL_QUEUE,
  CONTROL_QUEUE_LAST,
  CONTROL_READ_FIRST,
  FRAME_BYTES,
  GFN_BITS,
  NODE_NEXT,
  NODE_USED,
  READS_LENGTH,
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
  TABLE_NEXT,
  TABLE_PENDING,
  TABLE_QUEUE_NEXT,
  TABLE_SCRATCH,
} from "../layout";
import { countBits, isEmptyBitmap } from "../memory/bitmap";
import { nameRead, recordOf, wasRead } from "../memory/read-list";
import { releaseTableScratch, usedWord } from "./tables";

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
    nameTable(count++, table);
  }
  return count;
}

/** Starts listing all tables. */
export function listTables(): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_FIRST_TABLE), CONTROL_READ_FIRST);
}

/** Names the next tables of all in READS and READ_GFNS; answers how many. */
export function nextTables(): u32 {
  let count: u32 = 0;
  let table: usize = load<u32>(CONTROL, CONTROL_READ_FIRST);
  for (; table && count < READS_LENGTH; table = load<u32>(table, TABLE_NEXT)) nameTable(count++, table);
  store<u32>(CONTROL, <u32>table, CONTROL_READ_FIRST);
  return count;
}

function nameTable(place: u32, table: usize): void {
  nameRead(place, table, load<u64>(table, TABLE_KEY) & (((<u64>1) << GFN_BITS) - 1));
}

/** Takes the first of the queue off it. */
export function unqueue(table: usize): void {
  const next = load<u32>(table, TABLE_QUEUE_NEXT);
  store<u32>(table, load<u32>(table, TABLE_FLAGS) & ~TABLE_FLAG_QUEUED, TABLE_FLAGS);
  store<u32>(CONTROL, next, CONTROL_QUEUE);
  if (!next) store<u32>(CONTROL, 0, CONTROL_QUEUE_LAST);
}

/**
 * Commits what was waited for in the first `count` of READS, as far as they could be read. Answers how many are named to
 * be read next.
 */
export function absorb(count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const table = recordOf(i);
    const isRead = wasRead(i);
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
