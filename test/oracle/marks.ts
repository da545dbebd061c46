/**
 * Pending marks of the naive monitor: for each vCPU, the stretches of guest memory that it wrote to.
 *
 * A mark names memory, not a monitored entry, so it outlives whatever is monitored there.
 */

import type { VcpuId, View } from "../../src/model/address.js";

interface MarkedStretch {
  readonly view: View;
  /** PA of the first entry. */
  readonly from: bigint;
  /** PA after the last entry. */
  readonly to: bigint;
}

const ENTRY_BYTES = 8n;

export class Marks {
  readonly #stretches = new Map<VcpuId, MarkedStretch[]>();

  /** Marks every entry that the bytes [pa, pa + size) touch. */
  add(vcpuId: VcpuId, view: View, pa: bigint, size: number): MarkedStretch | undefined {
    if (size === 0) {
      return undefined;
    }
    const last = pa + BigInt(size) - 1n;
    const stretch = { view, from: pa - (pa % ENTRY_BYTES), to: last - (last % ENTRY_BYTES) + ENTRY_BYTES };
    const list = this.#stretches.get(vcpuId);
    if (list === undefined) {
      this.#stretches.set(vcpuId, [stretch]);
    } else {
      list.push(stretch);
    }
    return stretch;
  }

  has(vcpuId: VcpuId, view: View, entryPa: bigint): boolean {
    return (this.#stretches.get(vcpuId) ?? []).some((stretch) => stretch.view === view && stretch.from <= entryPa && entryPa < stretch.to);
  }

  spend(vcpuId: VcpuId): void {
    this.#stretches.delete(vcpuId);
  }

  spendAll(): void {
    this.#stretches.clear();
  }
}
