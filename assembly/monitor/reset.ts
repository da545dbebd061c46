/**
 * The arena reset once nothing is monitored: every record in it goes at once. Marks lie in an arena of their own and
 * stay.
 */

import {
  CONTROL,
  CONTROL_ADDRESSES,
  CONTROL_AFFECTED,
  CONTROL_BACKED,
  CONTROL_CHANGES,
  CONTROL_CUTS,
  CONTROL_EMPTIED,
  CONTROL_ENTRIES,
  CONTROL_FIRST_FRAME,
  CONTROL_FIRST_TABLE,
  CONTROL_FRAME_INDEX,
  CONTROL_FRAMES,
  CONTROL_LAST_LEAF,
  CONTROL_LAST_TABLE,
  CONTROL_LEAVES,
  CONTROL_MOVES,
  CONTROL_OUTCOMES,
  CONTROL_RELOCATIONS,
  CONTROL_SUSPECTS,
  CONTROL_TABLE_INDEX,
  CONTROL_TABLES,
  CONTROL_WORKED,
} from "../layout";
import { resetArena } from "../memory/arena";
import { forgetIndex } from "../memory/frame-index";
import { forget } from "../memory/vector";

/** Forgets everything but the marks: no address is monitored any more, and no protection is to be given back. */
export function resetMonitor(): void {
  store<u32>(CONTROL, 0, CONTROL_ADDRESSES);
  store<u32>(CONTROL, 0, CONTROL_BACKED);
  store<u32>(CONTROL, 0, CONTROL_ENTRIES);
  store<u32>(CONTROL, 0, CONTROL_TABLES);
  store<u32>(CONTROL, 0, CONTROL_LAST_LEAF);
  store<u32>(CONTROL, 0, CONTROL_CUTS);
  store<u32>(CONTROL, 0, CONTROL_SUSPECTS);
  store<u32>(CONTROL, 0, CONTROL_FIRST_TABLE);
  store<u32>(CONTROL, 0, CONTROL_LAST_TABLE);
  store<u32>(CONTROL, 0, CONTROL_FRAMES);
  store<u32>(CONTROL, 0, CONTROL_FIRST_FRAME);
  forgetIndex(CONTROL + CONTROL_TABLE_INDEX);
  forgetIndex(CONTROL + CONTROL_FRAME_INDEX);
  forget(CONTROL + CONTROL_CHANGES);
  forget(CONTROL + CONTROL_AFFECTED);
  forget(CONTROL + CONTROL_LEAVES);
  forget(CONTROL + CONTROL_OUTCOMES);
  forget(CONTROL + CONTROL_RELOCATIONS);
  forget(CONTROL + CONTROL_WORKED);
  forget(CONTROL + CONTROL_MOVES);
  forget(CONTROL + CONTROL_EMPTIED);
  resetArena();
}
