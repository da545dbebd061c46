/** The paging modes that the properties of this folder draw from. */

import fc from "fast-check";
import type { NaiveMode } from "./naive.js";

export const modePlan: fc.Arbitrary<NaiveMode> = fc.constantFrom(
  { levels: 4, physicalAddressBits: 52, encryptionMask: 0n },
  { levels: 5, physicalAddressBits: 52, encryptionMask: 0n },
  { levels: 4, physicalAddressBits: 46, encryptionMask: 0n },
  { levels: 4, physicalAddressBits: 52, encryptionMask: 1n << 50n },
);
