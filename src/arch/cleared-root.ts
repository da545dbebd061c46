/**
 * The root of an address space as everything here names it.
 */

import { checkAddress } from "../model/address.js";
import type { Architecture } from "../model/architecture.js";
import { coreModeOf } from "./core-mode.js";

/**
 * `root` without the bits that are no address bits (PCID, PWT, PCD, bit 63): two spellings of one root are one address space. Throws
 * AddressError where it is no address.
 *
 * @example
 * clearedRoot(0x6772801n, amd64()); // 0x6772000n
 */
export function clearedRoot(root: bigint, arch: Architecture): bigint {
  checkAddress(root, "root");
  return root & coreModeOf(arch).rootMask;
}
