/**
 * The list of what to watch, as text: a line each, `VA[+LENGTH][=TAG]` or a line that another tool wrote.
 *
 *     0x10080000000+4M=hugetlb              the command's own form
 *     7f12a4000000-7f12a4021000 rw-p … heap a line of /proc/PID/maps: always hexadecimal, the last word is the tag
 *     fffff801`2ab40000 fffff801`2ab61000   two addresses: from and to
 *     0x7ffe1000                            one address
 *
 * Lines that cannot be read are said and left out; the rest holds.
 */

import { asHex, type Parsed, parseAddress, parseLength, parseRange } from "./address-text.js";
import { count, hex } from "./format.js";

export interface Watch {
  readonly va: bigint;
  /** Undefined: this one address. */
  readonly length: bigint | undefined;
  readonly tag: string;
}

export interface WatchList {
  readonly watches: readonly Watch[];
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
  /** Addresses in all: one a page. */
  readonly pages: number;
}

/** As the command: 64 GiB. The monitor keeps every one of them. */
export const LARGEST_WATCHED_PAGES = 2 ** 24;
const PAGE = 4096n;
const ADDRESS_LIMIT = 1n << 64n;
const MAPS_LINE = /^([0-9a-f]+)-([0-9a-f]+)\s+[r-][w-][x-][ps-]\b(?:\s+\S+\s+\S+\s+\S+)?\s*(.*)$/i;
const TWO_ADDRESSES = /^(\S+)\s+(\S+)$/;

export function parseWatchList(text: string): WatchList {
  const watches: Watch[] = [];
  const problems: { line: number; problem: string }[] = [];
  let pages = 0;
  text.split(/\r?\n/).forEach((raw, at) => {
    for (const part of splitLine(raw)) {
      const parsed = parseWatch(part);
      if ("problem" in parsed) {
        problems.push({ line: at + 1, problem: parsed.problem });
        continue;
      }
      const size = pagesOf(parsed.value);
      if (pages + size > LARGEST_WATCHED_PAGES) {
        problems.push({
          line: at + 1,
          problem: `${count(size)} pages: more than the ${count(LARGEST_WATCHED_PAGES)} (64 GiB) watched at once`,
        });
        continue;
      }
      pages += size;
      watches.push(parsed.value);
    }
  });
  return { watches, problems, pages };
}

/** The command's form, which this page reads again. */
export function watchText({ va, length, tag }: Watch): string {
  const place = length === undefined ? hex(va) : `${hex(va)}+${hex(length)}`;
  return tag === hex(va) ? place : `${place}=${tag}`;
}

/** Addresses that a watch stands for, a page apart. */
export function pagesOf({ va, length }: Watch): number {
  if (length === undefined) return 1;
  return Number((va + length - 1n) / PAGE - va / PAGE) + 1;
}

/** Comments go; several watches may stand in one line, `;` or `,` between them. */
function splitLine(raw: string): string[] {
  const line = raw.replace(/^\s*(?:#(?![0-9a-f]+\b)|\/\/).*$/i, "").trim();
  if (line === "") return [];
  if (MAPS_LINE.test(line)) return [line];
  return line
    .split(/[;,]\s*/)
    .map((part) => part.replace(/^--watch[ =]/, "").trim())
    .filter((part) => part !== "");
}

function parseWatch(text: string): Parsed<Watch> {
  const maps = MAPS_LINE.exec(text);
  if (maps) return fromTo(asHex(maps[1] as string), asHex(maps[2] as string), (maps[3] ?? "").split("/").at(-1) ?? "");
  const tagAt = text.indexOf("=");
  const place = (tagAt < 0 ? text : text.slice(0, tagAt)).trim();
  const tag = tagAt < 0 ? "" : text.slice(tagAt + 1).trim();
  const two = TWO_ADDRESSES.exec(place);
  if (two && !place.includes("+") && !place.includes("-")) return fromTo(two[1] as string, two[2] as string, tag);
  if (/[-–…]|\.\./.test(place)) {
    const range = parseRange(place);
    return "problem" in range ? range : watchOf(range.value.from, range.value.to - range.value.from, tag);
  }
  const plus = place.indexOf("+");
  const va = parseAddress(plus < 0 ? place : place.slice(0, plus));
  if ("problem" in va) return va;
  if (plus < 0) return watchOf(va.value, undefined, tag);
  const length = parseLength(place.slice(plus + 1));
  return "problem" in length ? length : watchOf(va.value, length.value, tag);
}

function fromTo(first: string, second: string, tag: string): Parsed<Watch> {
  const range = parseRange(`${first}-${second}`);
  return "problem" in range ? range : watchOf(range.value.from, range.value.to - range.value.from, tag);
}

function watchOf(va: bigint, length: bigint | undefined, tag: string): Parsed<Watch> {
  if (length !== undefined && va + length > ADDRESS_LIMIT) return { problem: `${hex(va)}: runs past the end of the address space` };
  return { value: { va, length, tag: tag === "" ? hex(va) : tag } };
}
