/**
 * Which stretches of an address space are asked for: `--range`, `--writable`, `--executable`, `--user`, `--kernel`,
 * `--wx`, `--min-size`, `--pa`, `--limit`.
 */

import type { Access, AddressRange, Mapping } from "../../index.js";
import { FRAME_SIZE, PHYSICAL_ADDRESS_LIMIT } from "../../model/address.js";
import { hex } from "../../model/hex.js";
import { UsageError } from "../failure.js";
import { parseAddress, parseCount, parseLength } from "./number.js";
import { parseRange } from "./range.js";

export interface FilterWords {
  readonly range?: string;
  readonly writable?: true;
  readonly executable?: true;
  readonly user?: true;
  readonly kernel?: true;
  readonly wx?: true;
  readonly minSize?: string;
  readonly pa?: string;
  readonly limit?: string;
}

export interface MappingFilter {
  /** Undefined: the whole space. */
  readonly range: AddressRange | undefined;
  readonly admits: (access: Access) => boolean;
  /** Bytes of a stretch. */
  readonly minimumLength: bigint;
  /** First byte of the frame that must be mapped; the stretch is cut to it. */
  readonly framePa: bigint | undefined;
  /** Stretches; infinite where not given. */
  readonly limit: number;
  /** In the words of the command line, for a heading. */
  readonly words: readonly string[];
}

const FRAME_BYTES = BigInt(FRAME_SIZE);
const FRAME_MASK = ~(FRAME_BYTES - 1n);

/** Throws UsageError for what cannot be understood. */
export function parseMappingFilter(words: FilterWords): MappingFilter {
  if (words.user && words.kernel) {
    throw new UsageError("--user and --kernel exclude each other: a page is for user mode, or for the kernel alone");
  }
  return {
    range: words.range === undefined ? undefined : parseRange(words.range),
    admits: admission(words),
    minimumLength: words.minSize === undefined ? 0n : parseLength(words.minSize, "--min-size"),
    framePa: words.pa === undefined ? undefined : parsePa(words.pa) & FRAME_MASK,
    limit: words.limit === undefined ? Number.POSITIVE_INFINITY : parseCount(words.limit, "--limit"),
    words: filterWords(words),
  };
}

function parsePa(text: string): bigint {
  const pa = parseAddress(text, "--pa");
  if (pa >= PHYSICAL_ADDRESS_LIMIT) throw new UsageError(`--pa: ${hex(pa)} is no physical address: those have 52 bits`);
  return pa;
}

function admission({ writable, executable, user, kernel, wx }: FilterWords): (access: Access) => boolean {
  const needsWrite = writable || wx;
  const needsExecute = executable || wx;
  return (access) =>
    (!needsWrite || access.write) && (!needsExecute || access.execute) && (!user || access.user) && (!kernel || !access.user);
}

function filterWords({ writable, executable, user, kernel, wx, range, minSize, pa, limit }: FilterWords): readonly string[] {
  const flags = { writable, executable, user, kernel, wx };
  const values = { range, "min-size": minSize, pa, limit };
  return [
    ...Object.entries(flags).flatMap(([name, isGiven]) => (isGiven ? [`--${name}`] : [])),
    ...Object.entries(values).flatMap(([name, word]) => (word === undefined ? [] : [`--${name} ${word}`])),
  ];
}

/** True where nothing that a sum by access cannot tell is asked for. */
export function isSummable({ minSize, pa, limit }: FilterWords): boolean {
  return minSize === undefined && pa === undefined && limit === undefined;
}

/**
 * The part of `mapping` that lies in the frame at `framePa`; undefined where none does. Its details are those of the
 * whole stretch.
 */
export function cutToFrame(mapping: Mapping, framePa: bigint): Mapping | undefined {
  const from = mapping.pa > framePa ? mapping.pa : framePa;
  const end = mapping.pa + mapping.length;
  const to = end < framePa + FRAME_BYTES ? end : framePa + FRAME_BYTES;
  return from < to ? { ...mapping, va: mapping.va + (from - mapping.pa), pa: from, length: to - from } : undefined;
}
