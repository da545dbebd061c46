/**
 * An address space for a person: a stretch a line as they come, what it comes to at the end; or its sum alone.
 */

import type { Mapping, SpaceSummary } from "../../index.js";
import { hex } from "../../model/hex.js";
import type { AddressSpace } from "../address-space.js";
import type { MappingFilter } from "../arguments/mapping-filter.js";
import { renderTable } from "../terminal/table.js";
import { byteSize, count, counted, type Terminal, widthOf, wrapped, wrappedList } from "../terminal/text.js";
import {
  ACCESS_LEGEND,
  ACCESS_WIDTH,
  accessText,
  GAP,
  heading,
  isWritableAndExecutable,
  PA_WIDTH,
  SIZE_WIDTH,
  sizeText,
  VA_WIDTH,
  WX_MARK,
} from "./listing.js";

const PAGE_WIDTH = 5;
const DETAIL_WIDTH = 9;
const DETAILS = ["global", "accessed", "dirty"] as const;
/** Columns up to the page size; what a terminal has beyond them is for the details. */
const PLAIN_WIDTH = 2 * VA_WIDTH + SIZE_WIDTH + ACCESS_WIDTH + PAGE_WIDTH + PA_WIDTH + 5 * GAP.length;
const DETAILED_WIDTH = PLAIN_WIDTH + DETAILS.length * (DETAIL_WIDTH + GAP.length);

export class MapsText {
  #stretches = 0;
  #pages = 0;
  #bytes = 0n;
  #marked = 0;

  readonly #terminal: Terminal;
  readonly #filter: MappingFilter;

  constructor(terminal: Terminal, filter: MappingFilter) {
    this.#terminal = terminal;
    this.#filter = filter;
  }

  /** Before the first stretch. */
  *head(space: AddressSpace): Generator<string> {
    yield heading(this.#terminal, `root ${hex(space.root)} (${space.arch.name})`, this.#filter.words);
    for (const line of wrapped(ACCESS_LEGEND, this.#terminal.width, "")) yield this.#terminal.paint.dim(line);
    const details = this.#hasDetails ? DETAILS.map((name) => name.padStart(DETAIL_WIDTH)) : [];
    const columns = [
      "from".padStart(VA_WIDTH),
      ...(this.#hasEnd ? ["to".padStart(VA_WIDTH)] : []),
      "size".padStart(SIZE_WIDTH),
      "access".padEnd(ACCESS_WIDTH),
      "page".padStart(PAGE_WIDTH),
      "at PA".padEnd(details.length > 0 ? PA_WIDTH : 0),
    ];
    yield this.#terminal.paint.dim([...columns, ...details].join(GAP));
  }

  row({ va, length, pa, pageSize, access, details }: Mapping): string {
    this.#stretches++;
    this.#pages += pagesOf(va, length, pageSize);
    this.#bytes += length;
    this.#marked += isWritableAndExecutable(access) ? 1 : 0;
    const letters = accessText(access, this.#terminal.paint);
    const columns = [
      hex(va).padStart(VA_WIDTH),
      // 2^64 is written out, though no register holds it.
      ...(this.#hasEnd ? [hex(va + length).padStart(VA_WIDTH)] : []),
      sizeText(length),
      `${letters}${" ".repeat(ACCESS_WIDTH - widthOf(letters))}`,
      byteSize(pageSize).padStart(PAGE_WIDTH),
      this.#hasDetails ? hex(pa).padEnd(PA_WIDTH) : hex(pa),
      ...(this.#hasDetails ? DETAILS.map((name) => count(details[name]).padStart(DETAIL_WIDTH)) : []),
    ];
    return columns.join(GAP);
  }

  /** After the last one; `unreadable` tables were met. */
  *foot(unreadable: number): Generator<string> {
    const { paint, width } = this.#terminal;
    const limit = this.#stretches === this.#filter.limit ? [`no more than ${count(this.#filter.limit)} were asked for`] : [];
    const marked = this.#marked === 0 ? [] : [paint.red(`${counted(this.#marked, "stretch")} writable and executable (${WX_MARK})`)];
    const lacking = unreadable === 0 ? [] : [`${counted(unreadable, "table")} not in the dump`];
    const words = [
      counted(this.#stretches, "stretch"),
      counted(this.#pages, "page"),
      byteSize(this.#bytes),
      ...marked,
      ...lacking,
      ...limit,
    ];
    yield* wrappedList(words, width);
  }

  get #hasEnd(): boolean {
    return this.#terminal.width >= PLAIN_WIDTH;
  }

  get #hasDetails(): boolean {
    return this.#terminal.width >= DETAILED_WIDTH;
  }
}

/** Pages that a stretch touches: the first and the last may be cut. */
function pagesOf(va: bigint, length: bigint, pageSize: number): number {
  const size = BigInt(pageSize);
  return Number((va + length + size - 1n) / size - va / size);
}

/** `ptm maps --summary`. */
export function summaryText(space: AddressSpace, sum: SpaceSummary, words: readonly string[], terminal: Terminal): string {
  const { paint } = terminal;
  const columns = [
    { head: "page", align: "right" },
    { head: "access" },
    { head: "pages", align: "right" },
    { head: "size", align: "right" },
  ] as const;
  const rows = sum.parts.map(({ access, pageSize, pages, bytes }) => [
    byteSize(pageSize),
    accessText(access, paint),
    count(pages),
    byteSize(bytes),
  ]);
  const whole = ["all", "", count(sum.pages), byteSize(sum.bytes)].map((cell) => paint.bold(cell));
  const lines = [heading(terminal, `root ${hex(space.root)} (${space.arch.name})`, words)];
  lines.push(...wrapped(`  ${ACCESS_LEGEND}`, terminal.width, "  ").map((line) => paint.dim(line)));
  lines.push(renderTable(terminal, columns, [...rows, whole]));
  lines.push(`  in ${counted(sum.tables, "page table")}`);
  return `${lines.join("\n")}\n`;
}
