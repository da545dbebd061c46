/**
 * Processing: from marked entries to events.
 *
 *   1  compare    the marked tables as read with their copies -> changes (diffReads, diffVanished)
 *   2  affect     the nodes on changed entries -> affected slots, and the way down to them
 *   3  collect    the affected leaves in order of VA, with the outcome of each page as it was
 *   4  commit     the changes to the copies
 *   5  restand    affected nodes, level by level (stand.ts)
 *   6  narrate    the outcome of each page as it is now against what it was -> events, a window at a time (narrate.ts)
 *
 * Until 6 begins everything can be undone; from there on nothing can fail.
 */

import {
  BITMAP_BYTES,
  CHANGE_BEFORE,
  CHANGE_BYTES,
  CHANGE_ENTRY,
  CONTROL,
  CONTROL_AFFECTED,
  CONTROL_CUTS,
  CONTROL_LEAVES,
  CONTROL_LEVELS,
  CONTROL_MOVES,
  CONTROL_OUTCOMES,
  CONTROL_RELOCATIONS,
  CONTROL_WORKED,
  DIFF_ALL,
  DIFF_MARKED,
  DIFFERENCES,
  ENTRIES,
  EXHAUSTED,
  FRAME_BYTES,
  LEAF_BYTES,
  NO_MEMORY,
  NODE_CUT,
  NODE_FLAG_STAND,
  NODE_LEVEL,
  NODE_NEXT,
  NODE_PARENT,
  NODE_SCRATCH,
  NODE_SLOT,
  NODE_TABLE,
  NODE_USED,
  OK,
  OUTCOME_BYTES,
  RELOCATION_BYTES,
  SCRATCH_AFFECTED,
  SCRATCH_BELOW,
  SCRATCH_CUT,
  SPACE_CUTS,
  SPACE_TRIES,
  STAGING,
  TABLE_COPY,
  TABLE_FIRST_NODE,
  TABLE_MARKED,
  TABLE_MONITORED,
  TABLE_SCRATCH,
  TABLE_VANISHED,
  TRIES,
  UNDO_COMMITTED,
} from "../layout";
import { countBits, hasBit, isEmptyBitmap, nextBit, setBit } from "../memory/bitmap";
import { diffTable } from "../memory/diff";
import { recordOf, wasRead } from "../memory/read-list";
import { clear, endOf, itemsOf, push } from "../memory/vector";
import { PagingMode } from "../mode";
import { CHANGES, endOfChanges, firstChange, isOf, noteChanged, noteVanishedEntry, revertChanges, skipTo } from "./changes";
import { nodeScratch } from "./node-scratch";
import { inherited, outcomeIn, outcomeOfEntry, uncutEntries } from "./outcome";
import { unqueue } from "./reads";
import { join, leave, releaseTableScratch, tableScratch } from "./tables";
import { childOf, touch } from "./trie";

const LEAVES = CONTROL + CONTROL_LEAVES;
const OUTCOMES = CONTROL + CONTROL_OUTCOMES;
const WORKED = CONTROL + CONTROL_WORKED;
const RELOCATIONS = CONTROL + CONTROL_RELOCATIONS;

/** Compares the first `count` of READS with what was read of them, the entries that DIFF_… says. */
export function diffReads(count: u32, entries: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const table = recordOf(i);
    if (entries == DIFF_MARKED) unqueue(table);
    const mask = entries == DIFF_ALL ? table + TABLE_MONITORED : <usize>load<u32>(table, TABLE_SCRATCH) + TABLE_MARKED;
    const status = wasRead(i) ? noteChanges(table, mask, STAGING + <usize>i * FRAME_BYTES) : noteVanished(table, mask, entries);
    if (status != OK) return status;
  }
  return OK;
}

function noteChanges(table: usize, mask: usize, frame: usize): u32 {
  const count = diffTable(load<u32>(table, TABLE_COPY), frame, mask, DIFFERENCES);
  return noteChanged(table, DIFFERENCES, count, frame) ? OK : EXHAUSTED;
}

function noteVanished(table: usize, mask: usize, entries: u32): u32 {
  const scratch = tableScratch(table);
  if (!scratch) return EXHAUSTED;
  if (entries == DIFF_ALL) {
    const worked = push(WORKED, 4);
    if (!worked) return EXHAUSTED;
    store<u32>(worked, <u32>table);
    memory.copy(scratch + TABLE_MARKED, mask, BITMAP_BYTES);
  }
  memory.copy(scratch + TABLE_VANISHED, mask, BITMAP_BYTES);
  for (let entry = nextBit(mask, 0); entry < ENTRIES; entry = nextBit(mask, entry + 1)) {
    if (!noteVanishedEntry(table, entry)) return EXHAUSTED;
  }
  return OK;
}

/**
 * Finds the slots whose paths are walked anew: those on changed entries; of paths cut short, those on any entry
 * processed.
 */
export function affect(): u32 {
  const end = endOf(CHANGES);
  for (let change = itemsOf(CHANGES); change < end; change += CHANGE_BYTES) {
    const entry: u32 = load<u16>(change, CHANGE_ENTRY);
    for (let node: usize = load<u32>(load<u32>(change), TABLE_FIRST_NODE); node; node = load<u32>(node, NODE_NEXT)) {
      if (hasBit(node + NODE_USED, entry) && !affectSlot(node, entry)) return EXHAUSTED;
    }
  }
  return load<u32>(CONTROL, CONTROL_CUTS) ? affectCut() : OK;
}

function affectCut(): u32 {
  const end = endOf(WORKED);
  for (let at = itemsOf(WORKED); at < end; at += 4) {
    const table: usize = load<u32>(at);
    const marked = <usize>load<u32>(table, TABLE_SCRATCH) + TABLE_MARKED;
    for (let node: usize = load<u32>(table, TABLE_FIRST_NODE); node; node = load<u32>(node, NODE_NEXT)) {
      if (!load<u8>(node, NODE_CUT)) continue;
      for (let slot = nextBit(marked, 0); slot < ENTRIES; slot = nextBit(marked, slot + 1)) {
        if (hasBit(node + NODE_USED, slot) && !affectSlot(node, slot)) return EXHAUSTED;
      }
    }
  }
  return OK;
}

/** Has all paths of a space that were cut short walked anew: a snapshot. */
export function affectSpace(space: usize): u32 {
  if (!load<u32>(space, SPACE_CUTS)) return OK;
  for (let trie: usize = 1; trie < TRIES; trie++) {
    const node: usize = load<u32>(space + (trie << 2), SPACE_TRIES);
    if (!node) continue;
    for (let slot = nextBit(node + NODE_USED, 0); slot < ENTRIES; slot = nextBit(node + NODE_USED, slot + 1)) {
      if (!affectSlot(node, slot)) return EXHAUSTED;
    }
  }
  return OK;
}

function affectSlot(node: usize, slot: u32): bool {
  const scratch = nodeScratch(node);
  if (!scratch) return false;
  setBit(scratch + SCRATCH_AFFECTED, slot);
  for (let below = node, parent: usize = load<u32>(node, NODE_PARENT); parent; parent = load<u32>(parent, NODE_PARENT)) {
    const bits = nodeScratch(parent);
    if (!bits) return false;
    const place: u32 = load<u16>(below, NODE_SLOT);
    if (hasBit(bits + SCRATCH_BELOW, place)) break;
    setBit(bits + SCRATCH_BELOW, place);
    below = parent;
  }
  return true;
}

/**
 * Lists the affected leaves of a space with their outcomes. Answers the number of tries that have any, or NO_MEMORY.
 */
export function collectSpace<M extends PagingMode>(space: usize): u32 {
  let tries: u32 = 0;
  for (let trie: usize = 0; trie < TRIES; trie++) {
    const root: usize = load<u32>(space + (trie << 2), SPACE_TRIES);
    if (!root || !load<u32>(root, NODE_SCRATCH)) continue;
    if (!collectBelow<M>(root, false)) return NO_MEMORY;
    tries++;
  }
  return tries;
}

function collectBelow<M extends PagingMode>(node: usize, whole: bool): bool {
  const scratch: usize = load<u32>(node, NODE_SCRATCH);
  if (load<u8>(node, NODE_LEVEL) == 1) return collectLeaf<M>(node, whole ? node + NODE_USED : scratch + SCRATCH_AFFECTED);
  for (let slot = nextBit(node + NODE_USED, 0); slot < ENTRIES; slot = nextBit(node + NODE_USED, slot + 1)) {
    const affected = whole || hasBit(scratch + SCRATCH_AFFECTED, slot);
    if (!affected && !hasBit(scratch + SCRATCH_BELOW, slot)) continue;
    if (!collectBelow<M>(childOf(node, slot), affected)) return false;
  }
  return true;
}

function collectLeaf<M extends PagingMode>(leaf: usize, pages: usize): bool {
  const row = push(LEAVES, LEAF_BYTES);
  if (!row) return false;
  store<u32>(row, <u32>leaf);
  store<u32>(row, <u32>(endOf(OUTCOMES) - itemsOf(OUTCOMES)), 4);
  memory.copy(row + 8, pages, BITMAP_BYTES);
  const count = countBits(pages);
  let outcome = push(OUTCOMES, count * OUTCOME_BYTES);
  if (!outcome) return false;
  const from = inherited<M>(leaf);
  const entries = uncutEntries(leaf, from);
  const end = entries ? endOfChanges(leaf) : 0;
  let change = entries ? firstChange(leaf) : 0;
  for (let word: usize = 0; word < BITMAP_BYTES; word += 8) {
    for (let bits = load<u64>(pages + word); bits; bits &= bits - 1, outcome += OUTCOME_BYTES) {
      const slot = <u32>(word << 3) + <u32>ctz<u64>(bits);
      change = skipTo(change, end, slot);
      store<u64>(
        outcome,
        isOf(change, end, slot) ? outcomeOfEntry<M>(load<u64>(change, CHANGE_BEFORE)) : outcomeIn<M>(entries, leaf, slot, from),
      );
    }
  }
  return true;
}

/** Has the nodes below affected slots stand anew, and cuts the slots whose entries have vanished. */
export function restand(): void {
  const end = endOf(CONTROL + CONTROL_AFFECTED);
  const top = load<u32>(CONTROL, CONTROL_LEVELS);
  for (let at = itemsOf(CONTROL + CONTROL_AFFECTED); at < end; at += 4) {
    const node: usize = load<u32>(at);
    const scratch: usize = load<u32>(node, NODE_SCRATCH);
    const level: u32 = load<u8>(node, NODE_LEVEL);
    if (isEmptyBitmap(scratch + SCRATCH_AFFECTED)) continue;
    if (level == top && load<u8>(node, NODE_CUT) == top) touch(node, NODE_FLAG_STAND); // its top table is tried again
    const table: usize = load<u32>(node, NODE_TABLE);
    const vanished: usize = table ? load<u32>(table, TABLE_SCRATCH) : 0;
    if (level == 1 && (!vanished || isEmptyBitmap(vanished + TABLE_VANISHED))) continue;
    for (let slot = nextBit(scratch + SCRATCH_AFFECTED, 0); slot < ENTRIES; slot = nextBit(scratch + SCRATCH_AFFECTED, slot + 1)) {
      if (vanished && hasBit(vanished + TABLE_VANISHED, slot)) setBit(scratch + SCRATCH_CUT, slot);
      if (level > 1) touch(childOf(node, slot), NODE_FLAG_STAND);
    }
  }
}

/**
 * Takes back all that the call has done so far to nodes and, where UNDO_… says that the changes are there, to copies.
 */
export function undo(changes: u32): void {
  if (changes == UNDO_COMMITTED) revertChanges();
  const first = itemsOf(RELOCATIONS);
  for (let at = endOf(RELOCATIONS); at > first; ) {
    at -= RELOCATION_BYTES;
    const node: usize = load<u32>(at);
    const earlier: usize = load<u32>(at, 4);
    leave(node);
    if (earlier) join(node, earlier);
  }
}

/** Forgets the lists of the call and the scratch of its tables. */
export function endProcessing(): void {
  const end = endOf(WORKED);
  for (let at = itemsOf(WORKED); at < end; at += 4) releaseTableScratch(load<u32>(at));
  clear(WORKED);
  clear(CHANGES);
  clear(LEAVES);
  clear(OUTCOMES);
  clear(RELOCATIONS);
  clear(CONTROL + CONTROL_MOVES);
}
