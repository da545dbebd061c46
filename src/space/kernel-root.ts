/**
 * What a Linux kernel says of its own tables in VMCOREINFO: which mode it runs in, and where its own top-level table lies.
 *
 * Linux, Documentation/admin-guide/kdump/vmcoreinfo.rst: swapper_pg_dir, phys_base, pgtable_l5_enabled.
 */

import type { Architecture } from "../model/architecture.js";
import type { GuestMemory } from "../model/memory.js";

export type Vmcoreinfo = ReadonlyMap<string, string>;

const FRAME_SIZE = 4096;
const INDEX_MASK = 0x1ffn;
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

/** PA of the kernel's own top-level table. `roots` are asked in turn where its VA is to be translated. */
export function kernelRootBy(
  vmcoreinfo: Vmcoreinfo | undefined,
  memory: GuestMemory,
  arch: Architecture,
  roots: readonly bigint[],
): bigint | undefined {
  const va = numberOf(vmcoreinfo?.get("SYMBOL(swapper_pg_dir)"), "0x");
  if (va === undefined || va < START_KERNEL_MAP) return undefined;
  const base = numberOf(vmcoreinfo?.get("NUMBER(phys_base)"), "");
  if (base !== undefined) {
    const pa = va - START_KERNEL_MAP + base;
    return pa >= 0n ? pa & ~BigInt(FRAME_SIZE - 1) : undefined;
  }
  for (const root of roots) {
    const pa = translate(memory, arch, root, va);
    if (pa !== undefined) return pa & ~BigInt(FRAME_SIZE - 1);
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
  const frame = new Uint8Array(FRAME_SIZE);
  let table = root;
  for (let level = arch.levels; level >= 1; level--) {
    if (!memory.readFrame(Number(table >> 12n), frame)) return undefined;
    const shift = BigInt(12 + 9 * (level - 1));
    const value = new DataView(frame.buffer).getBigUint64(8 * Number((va >> shift) & INDEX_MASK), true);
    const { kind, target } = arch.describeEntry(level, value);
    if (target === undefined || (kind !== "table" && kind !== "leaf")) return undefined;
    if (kind === "leaf") return target | (va & ((1n << shift) - 1n));
    table = target;
  }
  return undefined;
}
