/**
 * An instance's beginning: the control block filled in, both arenas empty, the null links in their place.
 */

import {
  CONTROL,
  CONTROL_END,
  CONTROL_KEEP,
  CONTROL_LEVELS,
  CONTROL_MODE,
  CONTROL_MOST_TABLES,
  CONTROL_RESERVED,
  FRAME_BYTES,
  NO_MEMORY,
} from "./layout";
import { resetMarksArena } from "./memory/arena";
import { chosenLevels } from "./mode-choice";
import { resetMonitor } from "./monitor/reset";
import { initializeLinks } from "./translate/links";

/** Prepares a memory of `bytes` for a paging mode; the masks are written to the control block by TypeScript. */
export function initialize(bytes: u32, mode: u32): void {
  memory.fill(CONTROL, 0, FRAME_BYTES);
  store<u32>(CONTROL, bytes, CONTROL_END);
  store<u32>(CONTROL, mode, CONTROL_MODE);
  store<u32>(CONTROL, chosenLevels(), CONTROL_LEVELS);
  store<u64>(CONTROL, ~(<u64>0), CONTROL_KEEP);
  store<u64>(CONTROL, 0, CONTROL_RESERVED);
  store<u32>(CONTROL, NO_MEMORY, CONTROL_MOST_TABLES);
  resetMonitor();
  resetMarksArena();
  initializeLinks();
}
