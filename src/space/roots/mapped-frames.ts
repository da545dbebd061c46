/**
 * Where frames are mapped tells what they are: one that programs can reach is data, whatever it looks like; one within the image
 * of a Linux kernel belongs to the kernel itself.
 */

import * as layout from "../../core/layout.js";
import { gfnOf, paOf } from "../../model/address.js";
import type { Architecture } from "../../model/architecture.js";
import type { Turns } from "../../model/turns.js";
import { listSpace } from "../kernels.js";
import type { LinearRange } from "../options.js";
import { userSlots } from "./relations.js";
import type { RootFacts, RootScan } from "./scan.js";

const WINDOW = 1024;
const KERNEL_IMAGE_BYTES = 2n ** 31n;
/** Candidates that are wrong may unfold without end: so many rows are looked at of one, ... */
const MOST_ROWS = 2 ** 17;
/** ... and so many of all: several times what hundreds of live processes map, a second or two of work. */
const MOST_ROWS_OF_ALL = 2 ** 23;

/** Those of `frames` that some candidate maps for user mode. */
export async function framesMappedForUsers(
  { tables }: RootScan,
  arch: Architecture,
  all: readonly RootFacts[],
  frames: ReadonlySet<number>,
  turns: Turns,
): Promise<Set<number>> {
  const ascending = Float64Array.from(frames).sort();
  const found = new Set<number>();
  const lowerHalf = { from: 0n, to: 1n << BigInt(arch.virtualAddressBits - 1) };
  let rowsLeft = MOST_ROWS_OF_ALL;
  for (const facts of all) {
    if (rowsLeft <= 0 || found.size === frames.size) break;
    if (userSlots(facts) > 0) {
      rowsLeft -= await noteMapped({ tables, rootGfn: facts.gfn, range: lowerHalf, access: layout.ACCESS_USER, ascending, found, turns });
    }
  }
  return found;
}

/**
 * Those of `frames` that `gfn`, as a root, maps in the last 2 GiB: where Linux on AMD64 has its image
 * (Documentation/arch/x86/x86_64/mm.rst).
 */
export async function framesInKernelImage(
  { tables }: RootScan,
  arch: Architecture,
  rootGfn: number,
  frames: readonly number[],
  turns: Turns,
): Promise<Set<number>> {
  const end = 1n << BigInt(arch.virtualAddressBits);
  const found = new Set<number>();
  const range = { from: end - KERNEL_IMAGE_BYTES, to: end };
  await noteMapped({ tables, rootGfn, range, access: 0, ascending: Float64Array.from(frames).sort(), found, turns });
  return found;
}

interface MappedSearch {
  readonly tables: RootScan["tables"];
  readonly rootGfn: number;
  readonly range: LinearRange;
  /** Bits that the access must have. */
  readonly access: number;
  readonly ascending: Float64Array;
  readonly found: Set<number>;
  readonly turns: Turns;
}

/** Answers how many rows have been looked at. */
async function noteMapped({ tables, rootGfn, range, access, ascending, found, turns }: MappedSearch): Promise<number> {
  const cursor = tables.openCursor(paOf(rootGfn), range);
  let rows = 0;
  try {
    for (let outcome = ""; outcome !== "done" && rows < MOST_ROWS; rows += tables.rowCount) {
      await turns.give();
      outcome = tables.run(listSpace, cursor, WINDOW, turns.dueMs);
      for (let place = 0; place < tables.rowCount; place++) noteFrames(tables, place, access, ascending, found);
    }
  } finally {
    tables.closeCursor(cursor);
  }
  return rows;
}

function noteFrames({ core }: RootScan["tables"], place: number, access: number, ascending: Float64Array, found: Set<number>): void {
  const at = layout.SPACE_WINDOW + place * layout.SPACE_ROW_BYTES;
  if ((core.u8[at + layout.SPACE_ROW_ACCESS + layout.SIDE_AFTER] & access) !== access) return;
  const first = gfnOf(core.u64[((at + layout.SPACE_ROW_PA) >>> 3) + layout.SIDE_AFTER]);
  const end = first + gfnOf(core.u64[(at + layout.SPACE_ROW_END) >>> 3]);
  for (let at = firstFrom(ascending, first); at < ascending.length && ascending[at] < end; at++) found.add(ascending[at]);
}

/** Place of the first that is `least` or more. */
function firstFrom(ascending: Float64Array, least: number): number {
  let from = 0;
  for (let to = ascending.length; from < to; ) {
    const middle = (from + to) >>> 1;
    if (ascending[middle] < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
