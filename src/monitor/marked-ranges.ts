/**
 * Marks of whole stretches of frames, as intervals: a write of a gigabyte costs no bitmap a frame.
 *
 * Intervals of one vCPU and view never touch each other: a new one swallows those that it meets.
 */

import type { VcpuId, View } from "../model/address.js";

export interface MarkedRange {
  readonly view: View;
  readonly firstGfn: number;
  /** Included. */
  readonly lastGfn: number;
}

export class MarkedRanges {
  readonly #byVcpu = new Map<VcpuId, readonly MarkedRange[]>();

  add(vcpu: VcpuId, added: MarkedRange): void {
    let { firstGfn, lastGfn } = added;
    const apart: MarkedRange[] = [];
    for (const range of this.of(vcpu)) {
      if (range.view !== added.view || range.lastGfn + 1 < firstGfn || range.firstGfn > lastGfn + 1) apart.push(range);
      else {
        firstGfn = Math.min(firstGfn, range.firstGfn);
        lastGfn = Math.max(lastGfn, range.lastGfn);
      }
    }
    apart.push({ view: added.view, firstGfn, lastGfn });
    this.#byVcpu.set(vcpu, apart);
  }

  of(vcpu: VcpuId): readonly MarkedRange[] {
    return this.#byVcpu.get(vcpu) ?? [];
  }

  spend(vcpu: VcpuId): void {
    this.#byVcpu.delete(vcpu);
  }

  spendAll(): void {
    this.#byVcpu.clear();
  }
}
