/**
 * An entry as fields on a ruler of 64 bits: the flags that the manual names, and the address between them.
 */

import type { EntryDescription } from "page-table-monitor";
import { hex } from "./format.js";

export interface BitField {
  readonly name: string;
  readonly high: number;
  readonly low: number;
  readonly value: bigint;
  readonly meaning: string;
  readonly type: "flag" | "address" | "ignored" | "reserved";
}

const BITS = 64;
/** What does not fit on a line of the ruler, said short; the whole name stands beside. */
export const BIT_NAMES: Readonly<Record<string, string>> = { ignored: "ign", reserved: "rsvd", address: "address" };

/** From bit 63 down, without gaps. */
export function bitFields(value: bigint, { flags, kind, target }: EntryDescription): BitField[] {
  const fields = flags.map(({ name, bits, value: fieldValue, meaning }): BitField => {
    const [high, low] = boundsOf(bits);
    const type = name === "ignored" ? "ignored" : name === "reserved" ? "reserved" : "flag";
    return { name, high, low, value: fieldValue, meaning, type };
  });
  fields.sort((a, b) => b.high - a.high);
  const whole: BitField[] = [];
  let next = BITS - 1;
  for (const field of fields) {
    if (field.high < next) whole.push(addressField(value, next, field.high + 1, kind, target));
    whole.push(field);
    next = field.low - 1;
  }
  if (next >= 0) whole.push(addressField(value, next, 0, kind, target));
  return whole;
}

/** Fields of `one` whose bits are not those of `other`. */
export function changedBits(one: bigint, other: bigint, { high, low }: BitField): boolean {
  const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
  return (one & mask) !== (other & mask);
}

function addressField(value: bigint, high: number, low: number, kind: EntryDescription["kind"], target: bigint | undefined): BitField {
  const fieldValue = (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
  const what = kind === "leaf" ? "the page" : "the next table";
  const meaning = target === undefined ? "no address: the entry is malformed" : `${what} lies at ${hex(target)}`;
  return { name: "address", high, low, value: fieldValue, meaning, type: "address" };
}

/** "58:52" or "7". */
function boundsOf(bits: string): [number, number] {
  const [high = 0, low = high] = bits.split(":").map(Number);
  return [high, low];
}
