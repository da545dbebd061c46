/**
 * Paging modes across threads: an `Architecture` has functions, so only what tells it from others crosses, and it is
 * made anew on the other side.
 */

import { amd64 } from "../../arch/amd64.js";
import { coreModeOf } from "../../arch/core-mode.js";
import { architectureByName } from "../../arch/registry.js";
import type { Architecture } from "../../model/architecture.js";
import { PageTableError } from "../../model/errors.js";
import type { ArchitectureWire } from "./wire.js";

const LARGEST_PHYSICAL_ADDRESS_BITS = 52;
const AMD64_LEVELS: Readonly<Record<string, 4 | 5>> = { amd64: 4, "amd64-la57": 5 };

/** One object for each mode, so that two dumps of one mode have the same. */
const known = new Map<string, Architecture>();

/** Throws PageTableError `unknown-architecture` for an object that this package did not make. */
export function encodeArchitecture(arch: Architecture): ArchitectureWire {
  const { reservedMask, clearMask } = coreModeOf(arch);
  return { name: arch.name, reservedMask, clearMask };
}

export function decodeArchitecture(wire: ArchitectureWire): Architecture {
  const key = `${wire.name} ${wire.reservedMask} ${wire.clearMask}`;
  let arch = known.get(key);
  if (!arch) {
    arch = makeArchitecture(wire);
    known.set(key, arch);
  }
  return arch;
}

function makeArchitecture({ name, reservedMask, clearMask }: ArchitectureWire): Architecture {
  const levels = AMD64_LEVELS[name];
  if (levels !== undefined) {
    const physicalAddressBits = LARGEST_PHYSICAL_ADDRESS_BITS - reservedMask.toString(2).replaceAll("0", "").length;
    return amd64({ levels, physicalAddressBits, encryptionMask: clearMask });
  }
  const arch = architectureByName(name);
  if (arch === undefined) throw new PageTableError("unknown-architecture", `no paging mode is named ${name}`, { name });
  return arch;
}

/** The mode among what crosses, as an option. */
export function archOf({ mode }: { readonly mode?: ArchitectureWire }): { arch?: Architecture } {
  return mode === undefined ? {} : { arch: decodeArchitecture(mode) };
}
