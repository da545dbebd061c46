/**
 * Stretches of the virtual address space, `--range FROM-TO`, and whether an address is one that a mode translates.
 */

import type { AddressRange } from "../../index.js";
import { ADDRESS_LIMIT, isCanonical } from "../../model/address.js";
import { hex } from "../../model/hex.js";
import { UsageError } from "../failure.js";
import { parseAddress, parseLength } from "./number.js";

/** `FROM-TO` (half-open) or `FROM+LENGTH`; TO may be 2^64, or left out for it. */
export function parseRange(text: string): AddressRange {
  const what = `--range ${text}`;
  const [, first = "", sign, second = ""] = /^([^+-]*)([+-])(.*)$/.exec(text) ?? [];
  if (sign === undefined) throw new UsageError(`${what}: write FROM-TO or FROM+LENGTH`);
  const from = parseAddress(first, what);
  const to = sign === "+" ? from + parseLength(second, what) : parseEnd(second, what);
  if (to > ADDRESS_LIMIT) throw new UsageError(`${what}: ends at ${hex(to)}, past the end of the address space`);
  if (to <= from) throw new UsageError(`${what}: ends at ${hex(to)}, and begins at ${hex(from)}: nothing lies between`);
  return { from, to };
}

/** Throws UsageError where the first or the last byte of `range` is not canonical. */
export function checkRangeCanonical(range: AddressRange | undefined, virtualAddressBits: number): void {
  if (range !== undefined) {
    checkCanonical(range.from, virtualAddressBits, "--range");
    checkCanonical(range.to - 1n, virtualAddressBits, `--range: its last byte (the end, ${hex(range.to)}, is the first behind it)`);
  }
}

/** Throws UsageError where `va` is not canonical. */
export function checkCanonical(va: bigint, virtualAddressBits: number, what: string): void {
  if (!isCanonical(va, virtualAddressBits)) {
    throw new UsageError(`${what}: ${hex(va)} is not canonical: bits 63 to ${virtualAddressBits - 1} must all be equal`);
  }
}

function parseEnd(text: string, what: string): bigint {
  return text === "" || /^0x1_?(0{4}_?){4}$/i.test(text) ? ADDRESS_LIMIT : parseAddress(text, what);
}
