/**
 * Length of a stretch, out of its row in the window.
 *
 * Most changes are of one page: its length is one bigint for all of them, since making one is a good part of making a row.
 */

import * as layout from "../core/layout.js";
import { FRAME_SIZE } from "../model/address.js";
import type { SpaceTables } from "./tables.js";

const ONE_PAGE = BigInt(FRAME_SIZE);

/** Bytes of the row at `at`. */
export function lengthAt({ u32, u64 }: SpaceTables["core"], at: number): bigint {
  const length = at + layout.SPACE_ROW_END;
  return u32[length >>> 2] === FRAME_SIZE && u32[(length >>> 2) + 1] === 0 ? ONE_PAGE : u64[length >>> 3];
}
