/**
 * Cursors: where a walk over a whole space stands (SPACE_CURSOR_… in space-layout.ts). TypeScript writes what is to be
 * walked.
 */
import { allocate, release } from "../memory/arena";
import { SPACE_CURSOR_BYTES_LOG2 } from "../space-layout";

/** A cursor, all zeros; 0: memory is exhausted. */
export function createCursor(): usize {
  const cursor = allocate(SPACE_CURSOR_BYTES_LOG2);
  if (cursor) memory.fill(cursor, 0, (<usize>1) << SPACE_CURSOR_BYTES_LOG2);
  return cursor;
}

export function releaseCursor(cursor: usize): void {
  release(cursor, SPACE_CURSOR_BYTES_LOG2);
}
