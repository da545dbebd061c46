/**
 * Blocks of memory in sizes of powers of two, from two arenas that grow towards each other.
 *
 * A block below a page is cut from a page of its size; freed blocks wait in a list of their size and are never merged.
 * Blocks come as they are: who allocates one fills it. `reserve` is asked before work that cannot be undone half way,
 * so that no allocation in it can fail.
 */
import {
  ARENA,
  CONTROL,
  CONTROL_ARENA_CURSOR,
  CONTROL_BUMP,
  CONTROL_COPIES,
  CONTROL_COPIES_END,
  CONTROL_END,
  CONTROL_FREE,
  CONTROL_FREE_PAGES,
  CONTROL_MARKS_BUMP,
  CONTROL_MARKS_CURSOR,
  CONTROL_MARKS_FREE,
  FRAME_BYTES,
} from "../layout";

const PAGE_LOG2: u32 = 12;
const SIZES: usize = 32;
const COPIES_BYTES: u32 = 64 << PAGE_LOG2;
/** Marks leave so much to who is to process them: else no call could ever spend them. */
const PROCESSING_BYTES: u32 = 2 << 20;

/** Bytes between the two arenas. */
function freshBytes(): u32 {
  return load<u32>(CONTROL, CONTROL_MARKS_CURSOR) - load<u32>(CONTROL, CONTROL_ARENA_CURSOR);
}

/** Bytes in pages that no block lies in: between the arenas, and freed as pages. */
export function availableBytes(): u32 {
  return freshBytes() + load<u32>(CONTROL, CONTROL_FREE_PAGES) * FRAME_BYTES;
}

/** True where `bytes` can be had in blocks of a page and less, whatever their sizes. */
export function reserve(bytes: u32): bool {
  return availableBytes() >= bytes + 24 * FRAME_BYTES; // a page for each size below a page, of each arena
}

/** A block of 2^log2 bytes of the arena, aligned to its size up to a page; 0: none is left. */
export function allocate(log2: u32): usize {
  const list = CONTROL + CONTROL_FREE + ((<usize>log2) << 2);
  const freed = load<u32>(list);
  if (freed) {
    store<u32>(list, load<u32>(freed));
    if (log2 == PAGE_LOG2) countFreePages(-1);
    return freed;
  }
  if (log2 >= PAGE_LOG2) return freshUp((<u32>1) << log2);
  const bump = CONTROL + CONTROL_BUMP + ((<usize>log2) << 2);
  let at: usize = load<u32>(bump);
  if (!(at & (FRAME_BYTES - 1))) at = allocate(PAGE_LOG2);
  if (at) store<u32>(bump, <u32>at + ((<u32>1) << log2));
  return at;
}

/**
 * A page for a table's copy; 0: none is left. They lie side by side, so that comparing table after table is one long
 * read.
 */
export function allocateCopy(): usize {
  if (load<u32>(CONTROL, CONTROL_FREE_PAGES)) return allocate(PAGE_LOG2);
  let at: usize = load<u32>(CONTROL, CONTROL_COPIES);
  if (at == load<u32>(CONTROL, CONTROL_COPIES_END)) {
    at = freshUp(COPIES_BYTES);
    if (!at) return allocate(PAGE_LOG2);
    store<u32>(CONTROL, <u32>at + COPIES_BYTES, CONTROL_COPIES_END);
  }
  store<u32>(CONTROL, <u32>at + FRAME_BYTES, CONTROL_COPIES);
  return at;
}

export function release(block: usize, log2: u32): void {
  const list = CONTROL + CONTROL_FREE + ((<usize>log2) << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, <u32>block);
  if (log2 == PAGE_LOG2) countFreePages(1);
}

function countFreePages(by: i32): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_FREE_PAGES) + by, CONTROL_FREE_PAGES);
}

/** As `allocate`, of the marks' arena. */
export function allocateForMarks(log2: u32): usize {
  const list = CONTROL + CONTROL_MARKS_FREE + ((<usize>log2) << 2);
  const freed = load<u32>(list);
  if (freed) {
    store<u32>(list, load<u32>(freed));
    return freed;
  }
  if (log2 >= PAGE_LOG2) return freshDown((<u32>1) << log2);
  const bump = CONTROL + CONTROL_MARKS_BUMP + ((<usize>log2) << 2);
  let at: usize = load<u32>(bump);
  if (!(at & (FRAME_BYTES - 1))) at = freshDown(FRAME_BYTES);
  if (at) store<u32>(bump, <u32>at + ((<u32>1) << log2));
  return at;
}

export function releaseForMarks(block: usize, log2: u32): void {
  const list = CONTROL + CONTROL_MARKS_FREE + ((<usize>log2) << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, <u32>block);
}

/** Forgets every block of the arena. */
export function resetArena(): void {
  store<u32>(CONTROL, ARENA, CONTROL_ARENA_CURSOR);
  store<u32>(CONTROL, 0, CONTROL_FREE_PAGES);
  store<u32>(CONTROL, 0, CONTROL_COPIES);
  store<u32>(CONTROL, 0, CONTROL_COPIES_END);
  memory.fill(CONTROL + CONTROL_FREE, 0, SIZES << 2);
  memory.fill(CONTROL + CONTROL_BUMP, 0, SIZES << 2);
}

/** Forgets every block of the marks' arena. */
export function resetMarksArena(): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_END), CONTROL_MARKS_CURSOR);
  memory.fill(CONTROL + CONTROL_MARKS_FREE, 0, SIZES << 2);
  memory.fill(CONTROL + CONTROL_MARKS_BUMP, 0, SIZES << 2);
}

function freshUp(bytes: u32): usize {
  if (freshBytes() < bytes) return 0;
  const at = load<u32>(CONTROL, CONTROL_ARENA_CURSOR);
  store<u32>(CONTROL, at + bytes, CONTROL_ARENA_CURSOR);
  return at;
}

function freshDown(bytes: u32): usize {
  if (freshBytes() < bytes + PROCESSING_BYTES) return 0;
  const at = load<u32>(CONTROL, CONTROL_MARKS_CURSOR) - bytes;
  store<u32>(CONTROL, at, CONTROL_MARKS_CURSOR);
  return at;
}
