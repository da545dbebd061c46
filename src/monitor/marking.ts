/**
 * Marking: rule 2. Single entries and the ends of a range go into the core's bitmaps, whole frames of a long range are
 * kept as an interval.
 */

import { type Core, memoryExhausted } from "../core/core.js";
import * as layout from "../core/layout.js";
import { PHYSICAL_ADDRESS_LIMIT, type VcpuId, type View } from "../model/address.js";
import type { MarkedRanges } from "./marked-ranges.js";

const ENTRY_BYTES = 8;
const ADVICE = "process the marks that are pending";
/** From so many whole frames on an interval is the shorter way to say it. */
const FRAMES_OF_AN_INTERVAL = 16;

export class Marking {
  readonly #core: Core;
  readonly #ranges: MarkedRanges;

  constructor(core: Core, ranges: MarkedRanges) {
    this.#core = core;
    this.#ranges = ranges;
  }

  /** Marks the entry that holds byte `pa`; true where it is monitored. */
  markEntry(pa: bigint, view: View, vcpu: VcpuId): boolean {
    const byte = Number(pa);
    const gfn = Math.floor(byte / layout.FRAME_BYTES);
    const status = this.#core.exports.mark(vcpu, view, gfn, entryOf(byte, gfn));
    if (status === layout.MARKED_NOT) throw memoryExhausted(undefined, ADVICE);
    return status === layout.MARKED_MONITORED;
  }

  /** Marks all entries that `size` bytes from `pa` on touch, up to the end of physical memory; how many are monitored. */
  markRange(pa: bigint, size: number, view: View, vcpu: VcpuId): number {
    const from = Number(pa);
    const last = Math.min(from + size, Number(PHYSICAL_ADDRESS_LIMIT)) - 1;
    const firstGfn = Math.floor(from / layout.FRAME_BYTES);
    const lastGfn = Math.floor(last / layout.FRAME_BYTES);
    const isLong = lastGfn - firstGfn > FRAMES_OF_AN_INTERVAL;
    let monitored = 0;
    for (let gfn = firstGfn; gfn <= lastGfn; gfn = isLong && gfn < lastGfn ? lastGfn : gfn + 1) {
      const first = gfn === firstGfn ? entryOf(from, gfn) : 0;
      const end = gfn === lastGfn ? entryOf(last, gfn) : layout.ENTRIES - 1;
      const found = this.#core.exports.markRange(vcpu, view, gfn, first, end) >>> 0;
      if (found === layout.NO_MEMORY) throw memoryExhausted(undefined, ADVICE);
      monitored += found;
    }
    if (!isLong) return monitored;
    this.#ranges.add(vcpu, { view, firstGfn: firstGfn + 1, lastGfn: lastGfn - 1 });
    return monitored + this.#core.exports.countMonitored(view, firstGfn + 1, lastGfn - 1);
  }
}

function entryOf(byte: number, gfn: number): number {
  return Math.floor((byte - gfn * layout.FRAME_BYTES) / ENTRY_BYTES);
}
