/**
 * What one address space holds.
 */

import { clearedRootIn } from "../arch/cleared-root.js";
import type { GuestMemory } from "../model/memory.js";
import { listSpace } from "./kernels.js";
import { Listing, type ListingOptions, type SpaceListing } from "./listing.js";
import type { Mapping } from "./mapping.js";
import { openState } from "./opening.js";
import { linearRange, type SpaceOptions } from "./options.js";
import { decodeMapping } from "./row-objects.js";

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
