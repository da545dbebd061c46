/**
 * Marks: entries that a vCPU has written to, or is about to. A bitmap a (vCPU, view, GFN), chained by vCPU.
 *
 * Keyed by GFN and not by table record: a mark may precede the monitoring of its entry and outlive it. Hence an arena
 * of their own, which giving up all addresses does not touch.
 */

import {
  BITMAP_BYTES,
  CONTROL,
  CONTROL_FIRST_TABLE,
  CONTROL_MARK_INDEX,
  CONTROL_MARKS,
  CONTROL_WORKED,
  EXHAUSTED,
  MARK_BITS,
  MARK_BYTES_LOG2,
  MARK_KEY,
  MARK_NEXT,
  MARK_VCPU,
  MARKED_MONITORED,
  MARKED_NOT,
  MARKED_ONLY,
  NO_MEMORY,
  OK,
  TABLE_KEY,
  TABLE_MARKED,
  TABLE_MONITORED,
  TABLE_NEXT,
  TABLE_SCRATCH,
  VCPU_HEADS,
  VCPUS,
} from "../layout";
import { allocateForMarks, releaseForMarks, resetMarksArena } from "../memory/arena";
import { hasBit, setBit } from "../memory/bitmap";
import { find, forgetIndex, insert, prepareInsert, remove } from "../memory/frame-index";
import { push } from "../memory/vector";
import { queueTable } from "./reads";
import { findTable, releaseTableScratch, tableKey, tableScratch } from "./tables";

const INDEX = CONTROL + CONTROL_MARK_INDEX;

/** Marks an entry of a frame; says whether it is monitored. */
export function mark(vcpu: u32, view: u32, gfn: f64, entry: u32): u32 {
  const key = tableKey(view, <u64>gfn);
  let marks = find(INDEX, key, vcpu);
  if (!marks) {
    marks = createMarks(vcpu, key);
    if (!marks) return MARKED_NOT;
  }
  setBit(marks + MARK_BITS, entry);
  const table = findTable(key);
  return table && hasBit(table + TABLE_MONITORED, entry) ? MARKED_MONITORED : MARKED_ONLY;
}

function createMarks(vcpu: u32, key: u64): usize {
  if (!prepareInsert(INDEX)) return 0;
  const marks = allocateForMarks(MARK_BYTES_LOG2);
  if (!marks) return 0;
  const head = VCPU_HEADS + ((<usize>vcpu) << 2);
  memory.fill(marks, 0, (<usize>1) << MARK_BYTES_LOG2);
  store<u64>(marks, key, MARK_KEY);
  store<u32>(marks, vcpu, MARK_VCPU);
  store<u32>(marks, load<u32>(head), MARK_NEXT);
  store<u32>(head, <u32>marks);
  insert(INDEX, key, vcpu, marks);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_MARKS) + 1, CONTROL_MARKS);
  return marks;
}

/** Marks the entries `first` to `last` of a frame; answers how many of them are monitored, or NO_MEMORY. */
export function markRange(vcpu: u32, view: u32, gfn: f64, first: u32, last: u32): u32 {
  if (mark(vcpu, view, gfn, first) == MARKED_NOT) return NO_MEMORY;
  const key = tableKey(view, <u64>gfn);
  const bits = find(INDEX, key, vcpu) + MARK_BITS;
  for (let entry = first; entry <= last; entry++) setBit(bits, entry);
  const table = findTable(key);
  let monitored: u32 = 0;
  if (table) for (let entry = first; entry <= last; entry++) monitored += u32(hasBit(table + TABLE_MONITORED, entry));
  return monitored;
}

/** How many entries of a stretch of frames are monitored. */
export function countMonitored(view: u32, firstGfn: f64, lastGfn: f64): u32 {
  const from = tableKey(view, <u64>firstGfn);
  const to = tableKey(view, <u64>lastGfn);
  let monitored: u64 = 0;
  for (let table: usize = load<u32>(CONTROL, CONTROL_FIRST_TABLE); table; table = load<u32>(table, TABLE_NEXT)) {
    const key = load<u64>(table, TABLE_KEY);
    if (key < from || key > to) continue;
    for (let word: usize = 0; word < BITMAP_BYTES; word += 8) monitored += popcnt<u64>(load<u64>(table + word, TABLE_MONITORED));
  }
  return <u32>monitored;
}

/** Queues the tables with monitored entries that a vCPU has marked, the marks beside them. */
export function collectMarked(vcpu: u32): u32 {
  for (let marks: usize = load<u32>(VCPU_HEADS + ((<usize>vcpu) << 2)); marks; marks = load<u32>(marks, MARK_NEXT)) {
    const table = findTable(load<u64>(marks, MARK_KEY));
    if (table && !collectTable(table, marks + MARK_BITS)) return EXHAUSTED;
  }
  return OK;
}

/** Queues the tables of a stretch of frames, all their monitored entries being marked. */
export function collectRange(view: u32, firstGfn: f64, lastGfn: f64): u32 {
  const from = tableKey(view, <u64>firstGfn);
  const to = tableKey(view, <u64>lastGfn);
  for (let table: usize = load<u32>(CONTROL, CONTROL_FIRST_TABLE); table; table = load<u32>(table, TABLE_NEXT)) {
    const key = load<u64>(table, TABLE_KEY);
    if (key >= from && key <= to && !collectTable(table, table + TABLE_MONITORED)) return EXHAUSTED;
  }
  return OK;
}

function collectTable(table: usize, bits: usize): bool {
  let any: u64 = 0;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) any |= load<u64>(bits + word) & load<u64>(table + word, TABLE_MONITORED);
  if (!any) return true;
  const isNew = !load<u32>(table, TABLE_SCRATCH);
  const scratch = tableScratch(table);
  if (!scratch) return false;
  if (isNew) {
    const worked = push(CONTROL + CONTROL_WORKED, 4);
    if (!worked) {
      releaseTableScratch(table);
      return false;
    }
    store<u32>(worked, <u32>table);
  }
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    const marked = load<u64>(bits + word) & load<u64>(table + word, TABLE_MONITORED);
    store<u64>(scratch + word, load<u64>(scratch + word, TABLE_MARKED) | marked, TABLE_MARKED);
  }
  queueTable(table);
  return true;
}

/** Spends the marks of one vCPU. */
export function clearMarks(vcpu: u32): void {
  const head = VCPU_HEADS + ((<usize>vcpu) << 2);
  for (let marks: usize = load<u32>(head); marks; ) {
    const next = load<u32>(marks, MARK_NEXT);
    remove(INDEX, load<u64>(marks, MARK_KEY), vcpu);
    releaseForMarks(marks, MARK_BYTES_LOG2);
    store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_MARKS) - 1, CONTROL_MARKS);
    marks = next;
  }
  store<u32>(head, 0);
  if (!load<u32>(CONTROL, CONTROL_MARKS)) forgetMarks();
}

/** Spends all marks. */
export function clearAllMarks(): void {
  if (!load<u32>(CONTROL, CONTROL_MARKS)) return;
  memory.fill(VCPU_HEADS, 0, VCPUS << 2);
  forgetMarks();
}

function forgetMarks(): void {
  store<u32>(CONTROL, 0, CONTROL_MARKS);
  forgetIndex(INDEX);
  resetMarksArena();
}
