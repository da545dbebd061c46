/**
 * A walked path out of the core, as a Translation.
 */

import { FAULTS, type Translation, type TranslationEntry } from "../model/translation.js";
import type { Core } from "./core.js";
import * as layout from "./layout.js";

const ENTRY_WORDS = 2;
const ENTRIES_AT = (layout.PATH + layout.PATH_ENTRIES) >>> 3;

/** What the core has left in PATH, for a VA and a root already cleared of what is no address bit. */
export function translationOf(core: Core, va: bigint, root: bigint): Translation {
  const { u32, u64, mode } = core;
  const count = u32[(layout.PATH + layout.PATH_COUNT) >>> 2];
  const level = u32[(layout.PATH + layout.PATH_LEVEL) >>> 2];
  const entries: TranslationEntry[] = [];
  for (let i = 0, at = ENTRIES_AT; i < count; i++, at += ENTRY_WORDS) {
    entries.push({ level: mode.levels - i, name: mode.entryNames[mode.levels - i], pa: u64[at], value: u64[at + 1] });
  }
  return {
    va,
    root,
    pa: level ? u64[(layout.PATH + layout.PATH_PA) >>> 3] : undefined,
    pageSize: level ? pageSizeAt(level) : undefined,
    entries,
    fault: FAULTS[u32[(layout.PATH + layout.PATH_FAULT) >>> 2]],
  };
}

const PAGE_SIZES = [0, 1, 2, 3, 4, 5].map((level) => 2 ** (layout.PAGE_BITS + layout.SLOT_BITS * (level - 1)));

/** Bytes of a page whose leaf is an entry of that level. */
export function pageSizeAt(level: number): number {
  return PAGE_SIZES[level];
}
