/**
 * An instance that looks at whole spaces: everything forgotten, and its memory grown between two calls of a kernel.
 */

import { CONTROL, CONTROL_END } from "../layout";
import { resetArena, resetMarksArena } from "../memory/arena";
import { forgetClasses } from "./classes";
import { forgetSpaceFrames } from "./frames";

/** Forgets everything and keeps at most `most` tables from now on. */
export function beginSpaces(most: u32): void {
  resetArena();
  forgetSpaceFrames(most);
  forgetClasses();
}

/** The memory has grown to `bytes`: the arena may go on into it. Nothing has been allocated for marks. */
export function extendMemory(bytes: u32): void {
  store<u32>(CONTROL, bytes, CONTROL_END);
  resetMarksArena();
}
