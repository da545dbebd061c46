/**
 * How an address space is cut so that several workers can compare it: at whatever lies below one entry of the third
 * level, 1 GiB.
 *
 * Only the two top levels are read. Any cut is right, for what is joined at the cuts is what one worker would have said,
 * and a cut where nothing is costs nothing.
 */

import { rootGfnIn } from "../../arch/cleared-root.js";
import { coreModeOf } from "../../arch/core-mode.js";
import * as layout from "../../core/layout.js";
import { FRAME_SIZE } from "../../model/address.js";
import type { Architecture } from "../../model/architecture.js";
import type { GuestMemory } from "../../model/memory.js";
import type { LinearRange } from "../../space/options.js";

const LOWEST_CUT_LEVEL = 3;
/** More make no balance better; a table that leads to itself unfolds to a multiple of this. */
const MOST_UNITS = 1024;

/**
 * Ranges side by side that make up `range`, each with something to compare in it; one where there is nothing to cut.
 */
export function planUnits(memories: readonly GuestMemory[], arch: Architecture, root: bigint, range: LinearRange): readonly LinearRange[] {
  const mode = coreModeOf(arch);
  const words = new Uint32Array(FRAME_SIZE / 4);
  const bytes = new Uint8Array(words.buffer);
  /** Tables on both sides and the first VA below them. */
  let tables: readonly { readonly gfns: ReadonlySet<number>; readonly va: bigint }[] = [{ gfns: new Set([rootGfnIn(mode, root)]), va: 0n }];
  for (let level = arch.levels; level >= LOWEST_CUT_LEVEL; level--) {
    const span = 1n << BigInt(mode.shiftAt(level));
    const below: { gfns: Set<number>; va: bigint }[] = [];
    for (const { gfns, va } of tables) {
      const slots = new Map<number, Set<number>>();
      for (const memory of memories) {
        for (const gfn of gfns) {
          if (!memory.readFrame(gfn, bytes)) continue;
          for (let slot = 0; slot < layout.ENTRIES; slot++) {
            const target = mode.tableBehind(words[2 * slot], words[2 * slot + 1]);
            if (target !== undefined) slots.set(slot, (slots.get(slot) ?? new Set()).add(target));
          }
        }
      }
      for (const [slot, targets] of [...slots].sort(([one], [other]) => one - other)) {
        const from = va + BigInt(slot) * span;
        if (from < range.to && from + span > range.from) below.push({ gfns: targets, va: from });
      }
    }
    if (below.length > MOST_UNITS) break;
    tables = below;
  }
  const cuts = tables.map(({ va }) => va).filter((va) => va > range.from && va < range.to);
  const starts = [range.from, ...cuts];
  return starts.map((from, i) => ({ from, to: starts[i + 1] ?? range.to }));
}
