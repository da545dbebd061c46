/**
 * Scratch of nodes: what a call notes of a node's slots, to the end of the call (SCRATCH_… in layout.ts).
 *
 * Every node that has one is listed in AFFECTED, so that the end finds them all, whatever the call came to.
 */

import { CONTROL, CONTROL_AFFECTED, NODE_SCRATCH, SCRATCH_BYTES_LOG2 } from "../layout";
import { allocate, release } from "../memory/arena";
import { clear, endOf, itemsOf, push } from "../memory/vector";

/** Nodes with scratch. */
export const AFFECTED = CONTROL + CONTROL_AFFECTED;

/** A node's bitmaps for the length of a call; 0: memory is exhausted. */
export function nodeScratch(node: usize): usize {
  const there = load<u32>(node, NODE_SCRATCH);
  if (there) return there;
  const listed = push(AFFECTED, 4);
  if (!listed) return 0;
  store<u32>(listed, 0);
  const scratch = allocate(SCRATCH_BYTES_LOG2);
  if (!scratch) return 0;
  memory.fill(scratch, 0, (<usize>1) << SCRATCH_BYTES_LOG2);
  store<u32>(listed, <u32>node);
  store<u32>(node, <u32>scratch, NODE_SCRATCH);
  return scratch;
}

/** The scratch of all nodes goes: what it said has been listed. */
export function releaseScratch(): void {
  const end = endOf(AFFECTED);
  for (let at = itemsOf(AFFECTED); at < end; at += 4) {
    const node: usize = load<u32>(at);
    if (!node) continue;
    release(load<u32>(node, NODE_SCRATCH), SCRATCH_BYTES_LOG2);
    store<u32>(node, 0, NODE_SCRATCH);
  }
  clear(AFFECTED);
}
