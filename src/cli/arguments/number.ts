/**
 * Addresses and lengths as people of this field write them.
 *
 * `0x…` is hexadecimal, and so is what holds a backtick or a hex letter (`fffff801`2ab40000`, `7ffe1000`); all else is
 * decimal. `_` is ignored. Lengths may end in K, M or G, with or without `iB`: powers of 1,024. What has no clear
 * meaning is refused rather than guessed: a wrong address looks just like a right one.
 */

import { ADDRESS_LIMIT } from "../../model/address.js";
import { UsageError } from "../failure.js";

const SEPARATORS = /[_`]/g;
const PREFIX = /^0x/i;
const HEX_DIGITS = /^[0-9a-f]+$/i;
const DECIMAL_DIGITS = /^[0-9]+$/;
const HEX_MARK = /[`a-f]/i;
const LENGTH_UNIT = /([KMG])(iB)?$/i;
const HINTS = {
  "an address": "write 0x7ffe1000, 7ffe`1000 or, in decimal, 2147356672",
  "a length": "write 0x4000, 16384 or 16K; M and G go as well",
} as const;
const UNIT_SHIFT: Readonly<Record<string, bigint>> = { K: 10n, M: 20n, G: 30n };

/** Throws UsageError where `text` is no address below 2^64. `what` names it in the message: "VA", "--root". */
export function parseAddress(text: string, what: string): bigint {
  return below(parseNumber(text, what, "an address"), text, what);
}

/** Throws UsageError where `text` is no length below 2^64. */
export function parseLength(text: string, what: string): bigint {
  const unit = LENGTH_UNIT.exec(text);
  const digits = unit === null ? text : text.slice(0, unit.index);
  const shift = UNIT_SHIFT[unit?.[1]?.toUpperCase() ?? ""] ?? 0n;
  return below(parseNumber(digits, what, "a length", text) << shift, text, what);
}

/** Throws UsageError where `text` is no whole number above 0. */
export function parseCount(text: string, what: string): number {
  const digits = text.replace(SEPARATORS, "");
  const value = Number(digits);
  if (!DECIMAL_DIGITS.test(digits) || !Number.isSafeInteger(value) || value === 0) {
    throw new UsageError(`${what}: "${text}" is not a number of at least 1`);
  }
  return value;
}

function parseNumber(text: string, what: string, kind: keyof typeof HINTS, whole = text): bigint {
  const isPrefixed = PREFIX.test(text);
  const digits = text.replace(PREFIX, "").replace(SEPARATORS, "");
  if (isPrefixed || HEX_MARK.test(text)) {
    if (HEX_DIGITS.test(digits)) return BigInt(`0x${digits}`);
  } else if (DECIMAL_DIGITS.test(digits)) return BigInt(digits);
  throw new UsageError(`${what}: "${whole}" is not ${kind}: ${HINTS[kind]}`);
}

function below(value: bigint, text: string, what: string): bigint {
  if (value >= ADDRESS_LIMIT) throw new UsageError(`${what}: "${text}" does not fit in 64 bits`);
  return value;
}
