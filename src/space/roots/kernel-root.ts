/**
 * What a Linux kernel says of its own tables in VMCOREINFO: which mode it runs in, and where its own top-level table lies.
 *
 * Linux, Documentation/admin-guide/kdump/vmcoreinfo.rst: swapper_pg_dir, phys_base, pgtable_l5_enabled.
 */

import { rootGfnIn } from "../../arch/cleared-root.js";
import { coreModeOf } from "../../arch/core-mode.js";
import * as layout from "../../core/layout.js";
import { gfnOf } from "../../model/address.js";
import type { Architecture } from "../../model/architecture.js";
import type { GuestMemory } from "../../model/memory.js";

export type Vmcoreinfo = ReadonlyMap<string, string>;

/** Where the kernel's image is mapped: __START_KERNEL_map. */
const START_KERNEL_MAP = 0xffff_ffff_8000_0000n;

/** VMCOREINFO of a dump that carries it. */
export function vmcoreinfoOf(memory: GuestMemory): Vmcoreinfo | undefined {
  const { vmcoreinfo } = memory as { readonly vmcoreinfo?: Vmcoreinfo };
  return vmcoreinfo instanceof Map ? vmcoreinfo : undefined;
}

/** How many levels the kernel uses; undefined where it does not say. */
export function levelsBy(vmcoreinfo: Vmcoreinfo | undefined): 4 | 5 | undefined {
  const enabled = vmcoreinfo?.get("NUMBER(pgtable_l5_enabled)");
  if (enabled === undefined) return undefined;
  return enabled === "0" ? 4 : 5;
}

/** GFN of the kernel's own top-level table. `roots` are asked in turn where its VA is to be translated. */
export function kernelGfnBy(
  vmcoreinfo: Vmcoreinfo | undefined,
  memory: GuestMemory,
  arch: Architecture,
  roots: readonly bigint[],
): number | undefined {
  const va = numberOf(vmcoreinfo?.get("SYMBOL(swapper_pg_dir)"), "0x");
  if (va === undefined || va < START_KERNEL_MAP) return undefined;
  const base = numberOf(vmcoreinfo?.get("NUMBER(phys_base)"), "");
  if (base !== undefined) {
    const pa = va - START_KERNEL_MAP + base;
    return pa >= 0n ? gfnOf(pa) : undefined;
  }
  for (const root of roots) {
    const pa = translate(memory, arch, root, va);
    if (pa !== undefined) return gfnOf(pa);
  }
  return undefined;
}

function numberOf(text: string | undefined, prefix: string): bigint | undefined {
  if (text === undefined) return undefined;
  try {
    return text.startsWith("-") ? -BigInt(prefix + text.slice(1)) : BigInt(prefix + text);
  } catch {
    return undefined;
  }
}

/** One walk, entry by entry. */
function translate(memory: GuestMemory, arch: Architecture, root: bigint, va: bigint): bigint | undefined {
  const mode = coreModeOf(arch);
  const entries = new BigUint64Array(layout.ENTRIES);
  const frame = new Uint8Array(entries.buffer);
  let gfn = rootGfnIn(mode, root);
  for (let level = arch.levels; level >= 1; level--) {
    if (!memory.readFrame(gfn, frame)) return undefined;
    const shift = mode.shiftAt(level);
    const index = Number(BigInt.asUintN(layout.SLOT_BITS, va >> BigInt(shift)));
    const { kind, target } = arch.describeEntry(level, entries[index]);
    if (target === undefined || (kind !== "table" && kind !== "leaf")) return undefined;
    if (kind === "leaf") return target | BigInt.asUintN(shift, va);
    gfn = gfnOf(target);
  }
  return undefined;
}
