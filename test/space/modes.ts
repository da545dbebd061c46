/** The paging modes that the properties of this folder draw from. */

import fc from "fast-check";
import type { NaiveMode } from "./naive.js";

export const modePlan: fc.Arbitrary<NaiveMode> = fc.constantFrom(
  { levels: 4, physicalAddressBits: 52, encryptionMask: 0n },
  { levels: 5, physicalAddressBits: 52, encryptionMask: 0n },
  { levels: 4, physicalAddressBits: 46, encryptionMask: 0n },
  { levels: 4, physicalAddressBits: 52, encryptionMask: 1n << 50n },
);

const PCID = 0x801n;

/** `root` as CR3 may have it: with a PCID, and with the encryption bit where the mode has one. Neither says where its table lies. */
export function asInCr3(root: bigint, { encryptionMask }: NaiveMode): bigint {
  return root | encryptionMask | PCID;
}
