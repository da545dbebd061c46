/**
 * A comparison for a person: a change a line as they come, what they come to at the end.
 *
 * `+` page-in, `-` page-out, `~` remap, `*` access, `=` page size: signs first, colour only besides.
 */

import type { Backing, Change, ChangeType, SharedChange } from "../../index.js";
import { assertNever } from "../../model/errors.js";
import { hex } from "../../model/hex.js";
import { byteSize, count, counted, type Paint, type Terminal, widthOf, wrapped, wrappedList } from "../terminal/text.js";
import { accessText, GAP, heading, isWritableAndExecutable, SIZE_WIDTH, sizeText, VA_WIDTH, WX_MARK } from "./listing.js";
import { shortNames } from "./short-names.js";

const SIGNS: Readonly<Record<ChangeType, string>> = { "page-in": "+", "page-out": "-", remap: "~", access: "*", "page-size": "=" };
const TYPES = Object.keys(SIGNS) as readonly ChangeType[];
const TYPE_WIDTH = 11;
/** Less than this, and the sign alone says how it changed. */
const LEAST_WIDTH_FOR_WORDS = 100;
/** "0x1fffff000", "29 roots" */
const ROOTS_WIDTH = 11;
const SMALL_PAGE = 4096;

/** What is compared. */
export interface DiffHead {
  readonly before: string;
  readonly after: string;
  /** Which roots, in words. */
  readonly where: string;
}

export class DiffText {
  readonly #totals = new Map<ChangeType, { stretches: number; bytes: bigint }>();
  /** Changes that made something writable and executable which was not. */
  #marked = 0;

  readonly #terminal: Terminal;
  /** Changes have roots that share them. */
  readonly #isShared: boolean;

  constructor(terminal: Terminal, comparison: "of-one" | "of-all") {
    this.#terminal = terminal;
    this.#isShared = comparison === "of-all";
  }

  /** Before the first change. */
  *head({ before, after, where }: DiffHead): Generator<string> {
    const { paint, width } = this.#terminal;
    const names = shortNames([before, after]);
    yield heading(this.#terminal, `${names.get(before)} -> ${names.get(after)}`, []);
    yield where;
    const legend = `+ page-in, - page-out, ~ remap, * access, = page size; ${WX_MARK} writable and executable at once`;
    for (const line of wrapped(legend, width, "")) yield paint.dim(line);
    const roots = this.#isShared ? ["root".padStart(ROOTS_WIDTH)] : [];
    yield paint.dim(
      [
        (this.#hasWords ? "change" : "").padEnd(this.#typeWidth),
        "from".padStart(VA_WIDTH),
        "size".padStart(SIZE_WIDTH),
        ...roots,
        "what",
      ].join(GAP),
    );
  }

  /** A line, or two where the terminal is narrow. */
  row(change: Change | SharedChange): string {
    const { paint, width } = this.#terminal;
    const total = this.#totals.get(change.type) ?? { stretches: 0, bytes: 0n };
    this.#totals.set(change.type, { stretches: total.stretches + 1, bytes: total.bytes + change.length });
    if (isMarked(change.after) && !isMarked(change.before)) this.#marked++;
    const words = this.#hasWords ? `${SIGNS[change.type]} ${change.type}` : SIGNS[change.type];
    const type = colourOf(change.type, paint)(words.padEnd(this.#typeWidth));
    const roots = "roots" in change ? [rootWords(change.roots).padStart(ROOTS_WIDTH)] : [];
    const place = [type, hex(change.va).padStart(VA_WIDTH), sizeText(change.length), ...roots, ""].join(GAP);
    return wrapped(`${place}${whatWords(change, paint)}`, width, " ".repeat(widthOf(place))).join("\n");
  }

  /** After the last one. */
  *foot(limit: number, unreadable: number): Generator<string> {
    const { paint, width } = this.#terminal;
    const all = [...this.#totals.values()].reduce((sum, { stretches }) => sum + stretches, 0);
    const parts = TYPES.flatMap((type) => {
      const total = this.#totals.get(type);
      return total === undefined ? [] : [`${SIGNS[type]} ${count(total.stretches)} ${type} (${byteSize(total.bytes)})`];
    });
    const marked = this.#marked === 0 ? [] : [paint.red(`${count(this.#marked)} now writable and executable (${WX_MARK})`)];
    const lacking = unreadable === 0 ? [] : [`${counted(unreadable, "table")} not in the dumps`];
    const limited = all === limit ? [`no more than ${count(limit)} were asked for`] : [];
    yield* wrappedList([all === 0 ? "no change" : counted(all, "change"), ...parts, ...marked, ...lacking, ...limited], width);
  }

  get #hasWords(): boolean {
    return this.#terminal.width >= LEAST_WIDTH_FOR_WORDS;
  }

  get #typeWidth(): number {
    return this.#hasWords ? TYPE_WIDTH : 1;
  }
}

function isMarked(backing: Backing | undefined): boolean {
  return backing !== undefined && isWritableAndExecutable(backing.access);
}

/** The one root, or how many share it. */
function rootWords(roots: readonly bigint[]): string {
  const [only] = roots;
  return roots.length === 1 && only !== undefined ? hex(only) : counted(roots.length, "root");
}

function colourOf(type: ChangeType, paint: Paint): (text: string) => string {
  switch (type) {
    case "page-in":
      return paint.green;
    case "page-out":
      return paint.red;
    case "remap":
      return paint.yellow;
    case "access":
    case "page-size":
      return paint.cyan;
    default:
      return assertNever(type);
  }
}

/** What is there now, was there, or became of it. */
function whatWords({ before, after }: Change, paint: Paint): string {
  if (before === undefined || after === undefined) {
    const backing = before ?? after;
    return backing === undefined ? "" : [accessText(backing.access, paint), `at ${hex(backing.pa)}`, ...pageWords(backing)].join(" ");
  }
  return [both(accessText(before.access, paint), accessText(after.access, paint)), ...placeWords(before, after)].join(" ");
}

function placeWords(before: Backing, after: Backing): readonly string[] {
  const place = `at ${both(hex(before.pa), hex(after.pa))}`;
  if (before.pageSize === after.pageSize) return [place, ...pageWords(after)];
  return [place, `in ${both(byteSize(before.pageSize), byteSize(after.pageSize))}`];
}

function pageWords({ pageSize }: Backing): readonly string[] {
  return pageSize === SMALL_PAGE ? [] : [`in ${byteSize(pageSize)}`];
}

function both(before: string, after: string): string {
  return before === after ? after : `${before} -> ${after}`;
}
