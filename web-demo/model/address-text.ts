/**
 * Addresses and lengths as people paste them.
 *
 * The command's rule holds: `0x…` is hexadecimal, and so is what holds a backtick or a hex letter; all else is decimal; `_` is ignored. What
 * other tools write is read besides: `…h`, `0n…` (decimal), `…L`, `#…`, apostrophes and thin spaces between groups. What has no clear
 * meaning is refused, and the page shows beside the field how it was read: a wrong address looks just like a right one.
 */

import { hex } from "./format.js";

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

const ADDRESS_LIMIT = 1n << 64n;
const GROUPING = /[_`'\u2009\u202f\u00a0]/g;
const HEX_MARK = /[`a-f]/i;
const LENGTH = /^(.*?)\s*([KMGT])?(i?B)?$/i;
const UNIT_SHIFT: Readonly<Record<string, bigint>> = { "": 0n, K: 10n, M: 20n, G: 30n, T: 40n };

/** Half-open; `to` may be 2^64. */
export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

export function parseAddress(text: string): Parsed<bigint> {
  const trimmed = text.trim().replace(/[,;:.]+$/, "");
  const value = numberOf(trimmed);
  if (value === undefined) return { problem: `“${shortened(text.trim())}” is no address: 0x7ffe1000, 7ffe\`1000, or decimal` };
  if (value >= ADDRESS_LIMIT) return { problem: `${hex(value)} does not fit in 64 bits` };
  return { value };
}

/** As the command reads lengths: K, M and G (and T) are powers of 1,024. */
export function parseLength(text: string): Parsed<bigint> {
  const [, digits = "", unit = ""] = LENGTH.exec(text.trim()) ?? [];
  const shift = UNIT_SHIFT[unit.toUpperCase()];
  const value = numberOf(digits);
  if (value === undefined || shift === undefined) return { problem: `“${shortened(text)}” is no length: 0x2000, 8K, 4M, 1G` };
  const length = value << shift;
  if (length === 0n) return { problem: "the length is 0" };
  if (length > ADDRESS_LIMIT) return { problem: `“${shortened(text)}” is more than an address space` };
  return { value: length };
}

/** `VA`, `VA+LENGTH` or `FROM-TO` (half-open). A single address is its page. */
export function parseRange(text: string): Parsed<Range> {
  const plus = text.indexOf("+");
  if (plus >= 0) {
    const from = parseAddress(text.slice(0, plus));
    const length = parseLength(text.slice(plus + 1));
    if ("problem" in from) return from;
    if ("problem" in length) return length;
    return rangeOf(from.value, from.value + length.value);
  }
  const dash = /^(.+?)\s*(?:-|–|…|\.\.|\bto\b)\s*(.+)$/.exec(text.trim());
  if (dash) {
    const [from, to] = parsePair(dash[1] as string, dash[2] as string);
    if ("problem" in from) return from;
    if ("problem" in to) return to;
    return rangeOf(from.value, to.value);
  }
  const single = parseAddress(text);
  if ("problem" in single) return single;
  const from = single.value - (single.value % 4096n);
  return { value: { from, to: from + 4096n } };
}

/** Both ends of a range are of one notation: where one is hexadecimal by its looks, the other is as well. */
function parsePair(first: string, second: string): [Parsed<bigint>, Parsed<bigint>] {
  const looksHex = [first, second].some((part) => isMarkedHex(part));
  return looksHex ? [parseAddress(asHex(first)), parseAddress(asHex(second))] : [parseAddress(first), parseAddress(second)];
}

/** The same address with its notation said. */
export function asHex(text: string): string {
  const trimmed = text.trim();
  return isMarkedHex(trimmed) || /^0n/i.test(trimmed) ? trimmed : `0x${trimmed}`;
}

function isMarkedHex(text: string): boolean {
  const trimmed = text.trim();
  return /^(0x|#|\$)/i.test(trimmed) || /h$/i.test(trimmed) || (!/^0n/i.test(trimmed) && HEX_MARK.test(trimmed));
}

function numberOf(text: string): bigint | undefined {
  if (/^0n[0-9]+$/i.test(text)) return BigInt(text.slice(2));
  const bare = text.replace(/^[#$]/, "0x").replace(/(?<=[0-9a-f])L$/i, "");
  const isHex = isMarkedHex(bare);
  const digits = bare.replace(/^0x/i, "").replace(/h$/i, "").replace(GROUPING, "");
  if (isHex) return /^[0-9a-f]+$/i.test(digits) ? BigInt(`0x${digits}`) : undefined;
  return /^[0-9]+$/.test(digits) ? BigInt(digits) : undefined;
}

function rangeOf(from: bigint, to: bigint): Parsed<Range> {
  if (to > ADDRESS_LIMIT) return { problem: `ends at ${hex(to)}, past the end of the address space` };
  if (to <= from) return { problem: `ends at ${hex(to)}, before it begins at ${hex(from)}` };
  return { value: { from, to } };
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
