/**
 * How an address space is cut so that several workers can compare it: at whatever lies below one entry of the third level, 1 GiB.
 *
 * Only the two top levels are read. They are not judged: any cut is right, for what is joined at the cuts is what one worker would have
 * said, and a cut where nothing is costs nothing.
 */

import { coreModeOf } from "../arch/core-mode.js";
import * as layout from "../core/layout.js";
import { FRAME_SIZE } from "../model/address.js";
import type { Architecture } from "../model/architecture.js";
import type { GuestMemory } from "../model/memory.js";
import type { LinearRange } from "../space/options.js";

const LOWEST_CUT_LEVEL = 3;
const ADDRESS_BITS = 0x000f_ffff_ffff_f000n;
/** More make no balance better; a table that leads to itself unfolds to a multiple of this. */
const MOST_UNITS = 1024;

/** Ranges side by side that make up `range`, each with something to compare in it; one where there is nothing to cut. */
export function planUnits(memories: readonly GuestMemory[], arch: Architecture, root: bigint, range: LinearRange): readonly LinearRange[] {
  const { clearMask } = coreModeOf(arch);
  const frame = new BigUint64Array(FRAME_SIZE / 8);
  const bytes = new Uint8Array(frame.buffer);
  /** Tables on both sides and the first VA below them. */
  let tables: readonly { readonly gfns: ReadonlySet<number>; readonly va: bigint }[] = [
    { gfns: new Set([gfnOf(root, clearMask)]), va: 0n },
  ];
  for (let level = arch.levels; level >= LOWEST_CUT_LEVEL; level--) {
    const span = 1n << BigInt(layout.PAGE_BITS + layout.SLOT_BITS * (level - 1));
    const below: { gfns: Set<number>; va: bigint }[] = [];
    for (const { gfns, va } of tables) {
      const slots = new Map<number, Set<number>>();
      for (const memory of memories) {
        for (const gfn of gfns) {
          if (!memory.readFrame(gfn, bytes)) continue;
          for (let slot = 0; slot < frame.length; slot++) {
            if (frame[slot] === 0n) continue;
            const targets = slots.get(slot) ?? new Set();
            slots.set(slot, targets.add(gfnOf(frame[slot], clearMask)));
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

function gfnOf(value: bigint, clearMask: bigint): number {
  return Number((value & ~clearMask & ADDRESS_BITS) >> BigInt(layout.PAGE_BITS));
}
