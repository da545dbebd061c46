/**
 * The root of an address space as everything here names it.
 */

import { checkAddress, gfnOf } from "../model/address.js";
import type { Architecture } from "../model/architecture.js";
import { type CoreMode, coreModeOf } from "./core-mode.js";

/**
 * `root` without the bits that are no address bits (PCID, PWT, PCD, bit 63): two spellings of one root are one address
 * space. Throws AddressError where it is no address.
 *
 * @example
 * clearedRoot(0x6772801n, amd64()); // 0x6772000n
 */
export function clearedRoot(root: bigint, arch: Architecture): bigint {
  return clearedRootIn(coreModeOf(arch), root);
}

/** The same for those who have the mode at hand. */
export function clearedRootIn({ rootMask }: Pick<CoreMode, "rootMask">, root: bigint): bigint {
  checkAddress(root, "root");
  return root & rootMask;
}

/**
 * GFN of the table of a root as `clearedRoot` answers it. The encryption bit stays in the root as it is spelled, and is
 * no part of where its table lies.
 */
export function rootGfnIn({ clearMask }: Pick<CoreMode, "clearMask">, root: bigint): number {
  return gfnOf(root & ~clearMask);
}
