/**
 * Frames kept for translation: copies of tables as guest memory has them, apart from what is committed.
 *
 * A frame is wanted by a walk, then readable or not. Where memory never changes they are kept from call to call.
 */

import {
  CONTROL,
  CONTROL_FIRST_FRAME,
  CONTROL_FRAME_INDEX,
  CONTROL_FRAMES,
  CONTROL_READ_FIRST,
  FRAME_BYTES,
  KEPT_BYTES_LOG2,
  KEPT_COPY,
  KEPT_GFN,
  KEPT_LINKS,
  KEPT_NEXT,
  KEPT_READABLE,
  KEPT_STATE,
  KEPT_UNREADABLE,
  KEPT_WANTED,
  LINKS_BYTES_LOG2,
  LINKS_LEVELS,
  READS_LENGTH,
  STAGING,
} from "../layout";
import { allocate, release } from "../memory/arena";
import { find, insert, prepareInsert, removeAll } from "../memory/frame-index";
import { nameRead, recordOf, wasRead } from "../memory/read-list";

const INDEX = CONTROL + CONTROL_FRAME_INDEX;
const COPY_LOG2: u32 = 12;

/** The record of a frame, wanted where it is new; 0: memory is exhausted. */
export function keptFrame(gfn: u64): usize {
  const there = find(INDEX, gfn, 0);
  return there ? there : wantFrame(gfn);
}

function wantFrame(gfn: u64): usize {
  if (!prepareInsert(INDEX)) return 0;
  const kept = allocate(KEPT_BYTES_LOG2);
  if (!kept) return 0;
  store<u64>(kept, gfn, KEPT_GFN);
  store<u32>(kept, 0, KEPT_COPY);
  store<u32>(kept, KEPT_WANTED, KEPT_STATE);
  memory.fill(kept + KEPT_LINKS, 0, LINKS_LEVELS << 2);
  store<u32>(kept, load<u32>(CONTROL, CONTROL_FIRST_FRAME), KEPT_NEXT);
  store<u32>(CONTROL, <u32>kept, CONTROL_FIRST_FRAME);
  insert(INDEX, gfn, 0, kept);
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_FRAMES) + 1, CONTROL_FRAMES);
  return kept;
}

/** Starts listing the wanted frames. */
export function listWanted(): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CONTROL_FIRST_FRAME), CONTROL_READ_FIRST);
}

/**
 * Names wanted frames in READS and READ_GFNS; answers how many. The newest come first, so all wanted ones come before
 * the rest.
 */
export function nextWanted(): u32 {
  let count: u32 = 0;
  let kept: usize = load<u32>(CONTROL, CONTROL_READ_FIRST);
  for (; kept && load<u32>(kept, KEPT_STATE) == KEPT_WANTED && count < READS_LENGTH; kept = load<u32>(kept, KEPT_NEXT)) {
    nameRead(count++, kept, load<u64>(kept, KEPT_GFN));
  }
  store<u32>(CONTROL, <u32>kept, CONTROL_READ_FIRST);
  return count;
}

/** Keeps the first `count` of READS as read; false: memory is exhausted. */
export function keepFrames(count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const kept = recordOf(i);
    if (!wasRead(i)) {
      store<u32>(kept, KEPT_UNREADABLE, KEPT_STATE);
      continue;
    }
    const copy = allocate(COPY_LOG2);
    if (!copy) return false;
    memory.copy(copy, STAGING + <usize>i * FRAME_BYTES, FRAME_BYTES);
    store<u32>(kept, <u32>copy, KEPT_COPY);
    store<u32>(kept, KEPT_READABLE, KEPT_STATE);
  }
  return true;
}

/** Forgets all kept frames. */
export function dropFrames(): void {
  for (let kept: usize = load<u32>(CONTROL, CONTROL_FIRST_FRAME); kept; ) {
    const next = load<u32>(kept, KEPT_NEXT);
    const copy = load<u32>(kept, KEPT_COPY);
    if (copy) release(copy, COPY_LOG2);
    for (let i: usize = 0; i < LINKS_LEVELS; i++) {
      const links = load<u32>(kept + (i << 2), KEPT_LINKS);
      if (links) release(links, LINKS_BYTES_LOG2);
    }
    release(kept, KEPT_BYTES_LOG2);
    kept = next;
  }
  removeAll(INDEX);
  store<u32>(CONTROL, 0, CONTROL_FIRST_FRAME);
  store<u32>(CONTROL, 0, CONTROL_FRAMES);
}
