/**
 * What every look at a whole address space begins with: its arguments checked, and a core made for its tables.
 */

import { checkMaximumFrames, checkMemory } from "../core/memory-checks.js";
import type { GuestMemory } from "../model/memory.js";
import { checkOptions, commonModeOf, modeOf, type SpaceOptions } from "./options.js";
import { SpaceTables } from "./tables.js";

/** A root is checked by whoever takes it, since there may be many. */
type OpeningOptions = Omit<SpaceOptions, "root">;

/** The tables of one state. */
export async function openState(memory: GuestMemory, options: OpeningOptions): Promise<SpaceTables> {
  checkMemory(memory);
  checkOptions(options);
  checkMaximumFrames(options.maximumFrames);
  const { maximumFrames, signal, onUnreadable } = options;
  return SpaceTables.create({ arch: modeOf(memory, options.arch), after: memory, maximumFrames, signal, onUnreadable });
}

/** The tables of two states. Throws `mode-mismatch` where their notes name two modes. */
export async function openStates(before: GuestMemory, after: GuestMemory, options: OpeningOptions): Promise<SpaceTables> {
  checkMemory(before);
  checkMemory(after);
  checkOptions(options);
  checkMaximumFrames(options.maximumFrames);
  const { maximumFrames, signal, onUnreadable } = options;
  return SpaceTables.create({ arch: commonModeOf(before, after, options.arch), before, after, maximumFrames, signal, onUnreadable });
}
