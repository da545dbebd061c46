/**
 * What one address space holds.
 */

import { clearedRootIn } from "../arch/cleared-root.js";
import * as layout from "../core/layout.js";
import { pageSizeAt } from "../core/paths.js";
import type { GuestMemory } from "../model/memory.js";
import { accessOf } from "./access.js";
import { listSpace } from "./kernels.js";
import { lengthAt } from "./length.js";
import { Listing, type ListingOptions, type SpaceListing } from "./listing.js";
import type { Mapping } from "./mapping.js";
import { openState } from "./opening.js";
import { linearRange, type SpaceOptions } from "./options.js";
import type { SpaceTables } from "./tables.js";

/**
 * Everything that a root maps, in maximal stretches, ascending; tables are read as the listing comes to them, and kept.
 * Each iteration starts anew. Throws AddressError for a root or range that is none, PageTableError `memory-exhausted` where
 * more than `maximumFrames` tables would have to be kept; what the memory throws comes out unchanged.
 *
 * @example
 * for (const { va, length, pa, access } of await mappings(dump, { root })) console.log(va, length, pa, access.write);
 */
export async function mappings(memory: GuestMemory, options: SpaceOptions): Promise<SpaceListing<Mapping>> {
  return new Listing(await openMappings(memory, options));
}

/** What the listing runs on, for those who take its rows out of the window themselves. */
export async function openMappings(memory: GuestMemory, options: SpaceOptions): Promise<ListingOptions<Mapping>> {
  const tables = await openState(memory, options);
  const { mode } = tables;
  return {
    tables,
    begin: () => tables.beginWalk(),
    end: () => tables.endWalk(),
    kernel: listSpace,
    root: clearedRootIn(mode, options.root),
    range: linearRange(mode, options.range),
    decode: decodeMapping,
  };
}

function decodeMapping({ core }: SpaceTables, place: number): Mapping {
  const { u8, u32, u64 } = core;
  const at = layout.SPACE_WINDOW + place * layout.SPACE_ROW_BYTES;
  const details = (at + layout.SPACE_ROW_DETAILS) >>> 2;
  return {
    va: u64[(at + layout.SPACE_ROW_VA) >>> 3],
    length: lengthAt(core, at),
    pa: u64[((at + layout.SPACE_ROW_PA) >>> 3) + layout.SIDE_AFTER],
    pageSize: pageSizeAt(u8[at + layout.SPACE_ROW_LEVEL + layout.SIDE_AFTER]),
    access: accessOf(u8[at + layout.SPACE_ROW_ACCESS + layout.SIDE_AFTER]),
    details: { global: u32[details], accessed: u32[details + 1], dirty: u32[details + 2] },
  };
}
