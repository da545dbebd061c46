/**
 * A replay for a person: a row for each step as it comes, below it the stretches of addresses that it changed, and at
 * the end a lane for each tag.
 *
 * `+` is a page-in, `-` a page-out, `~` a move (both at once, to another frame): the signs say it, colours only repeat
 * it. Bars are logarithmic, since a step may have one event or millions, and the full bar, every watched address, is
 * known from the start.
 */

import { FRAME_SIZE } from "../../model/address.js";
import { assertNever } from "../../model/errors.js";
import { hex } from "../../model/hex.js";
import type { ReplayPart } from "../results/replay.js";
import { renderTable } from "../terminal/table.js";
import type { Terminal } from "../terminal/text.js";
import { byteSize, count, counted, printable, shortened, widthOf, wrapped } from "../terminal/text.js";
import { Lanes } from "./lanes.js";
import { shortNames } from "./short-names.js";
import type { Stretch, StretchGroup, StretchKind } from "./stretches.js";
import { groupStretches, stretches } from "./stretches.js";

export interface TimelineOptions {
  readonly files: readonly string[];
  /** Stretches shown of each tag and kind in a step; the rest is summed up. */
  readonly stretchLimit: number;
}

/** What `--all` means. */
export const ALL_STRETCHES = Number.POSITIVE_INFINITY;
export const DEFAULT_STRETCHES = 2;

const STEP_WIDTH = 4;
const NARROWEST_COUNT = 6;
const NARROWEST_BAR = 8;
const WIDEST_BAR = 40;
const WIDEST_TAG = 24;
const STRETCH_INDENT = " ".repeat(STEP_WIDTH + 2);
const SIGNS: Readonly<Record<StretchKind, string>> = { in: "+", out: "-", move: "~" };

/** Turns the parts of a replay into lines; keeps what the summary needs. */
export class Timeline {
  readonly #names: ReadonlyMap<string, string>;
  readonly #dumpWidth: number;
  #lanes = new Lanes([]);
  #dumps = 0;
  #watched = 0;
  #tagWidth = 0;
  #countWidth = 0;
  #barWidth = 0;

  readonly #terminal: Terminal;
  readonly #options: TimelineOptions;

  constructor(terminal: Terminal, options: TimelineOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#names = shortNames(options.files);
    this.#dumpWidth = Math.max(4, ...Array.from(this.#names.values(), (name) => widthOf(name)));
  }

  /** The lines for one part. */
  *lines(part: ReplayPart): Generator<string> {
    this.#dumps++;
    switch (part.type) {
      case "start":
        yield* this.#start(part);
        break;
      case "step":
        yield* this.#step(part);
        break;
      case "unreadable":
        this.#lanes.addUnreadable();
        yield this.#row(part.step, part.dump, "", "", this.#terminal.paint.red("cannot be read: passed over"));
        break;
      default:
        assertNever(part);
    }
  }

  *#start({ dump, space, tags }: ReplayPart & { type: "start" }): Generator<string> {
    const { paint } = this.#terminal;
    this.#lanes = new Lanes(tags);
    this.#measure();
    yield `${paint.bold(`${counted(this.#watched, "address")} watched`)} in root ${hex(space.root)} (${space.arch.name}), ${counted(this.#options.files.length, "dump")}`;
    yield* this.#note("+ page-in, - page-out, ~ both: moved to another frame; bars are logarithmic", "");
    yield "";
    yield paint.dim(this.#row("step", "dump", "in", "out", "", "backed"));
    yield this.#row(0, dump, "", "", paint.dim("the start"));
  }

  #measure(): void {
    this.#watched = this.#lanes.watched;
    this.#tagWidth = Math.min(WIDEST_TAG, Math.max(0, ...this.#lanes.all.map((lane) => widthOf(printable(lane.tag)))));
    this.#countWidth = Math.max(NARROWEST_COUNT, count(this.#watched).length + 1);
    const taken = STEP_WIDTH + 2 + this.#dumpWidth + 3 * (this.#countWidth + 2) + 2;
    this.#barWidth = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, this.#terminal.width - taken));
  }

  *#step({ step, dump, events, isDamaged }: ReplayPart & { type: "step" }): Generator<string> {
    const { paint } = this.#terminal;
    const { pageIns, pageOuts } = this.#lanes.addStep(events);
    const bar =
      events.length === 0 ? paint.dim("no change") : `${paint.green(this.#bar("+", pageIns))}${paint.red(this.#bar("-", pageOuts))}`;
    const damage = isDamaged ? paint.red(" damaged") : "";
    const ins = pageIns === 0 ? "" : `+${count(pageIns)}`;
    const outs = pageOuts === 0 ? "" : `-${count(pageOuts)}`;
    yield this.#row(step, dump, ins, outs, `${bar}${damage}`);
    const groups = groupStretches(stretches(events), this.#options.stretchLimit);
    for (const group of groups) yield* this.#group(group);
  }

  *#note(words: string, indent: string): Generator<string> {
    for (const line of wrapped(`${indent}${words}`, this.#terminal.width, indent)) yield this.#terminal.paint.dim(line);
  }

  #row(step: number | string, dump: string, ins: string, outs: string, rest: string, backed = count(this.#lanes.backed)): string {
    const name = (this.#names.get(dump) ?? dump).padEnd(this.#dumpWidth);
    const { paint } = this.#terminal;
    const width = this.#countWidth;
    const cells = [padded(ins, width, paint.green), padded(outs, width, paint.red), backed.padStart(width), rest];
    return `${`${step}`.padStart(STEP_WIDTH)}  ${name}  ${cells.join("  ")}`.trimEnd();
  }

  /** Half the room each; one character at least for what is there at all. */
  #bar(sign: string, events: number): string {
    if (events === 0) return "";
    const full = Math.floor(this.#barWidth / 2);
    const part = Math.log2(events + 1) / Math.log2(this.#watched + 1);
    return sign.repeat(Math.min(full, Math.max(1, Math.round(part * full))));
  }

  *#group(group: StretchGroup): Generator<string> {
    const tag = shortened(group.tag, this.#tagWidth).padEnd(this.#tagWidth);
    for (const stretch of group.shown) yield this.#stretchLine(group.kind, tag, rangeWords(stretch), stretch.pages, pageWords(stretch));
    const rest = group.stretches - group.shown.length;
    if (rest > 0) {
      const restPages = group.pages - group.shown.reduce((sum, stretch) => sum + stretch.pages, 0);
      yield this.#stretchLine(group.kind, tag, `… ${counted(rest, "more stretch")}`, restPages, "");
    }
  }

  #stretchLine(kind: StretchKind, tag: string, place: string, pages: number, words: string): string {
    const { paint } = this.#terminal;
    const colour = kind === "in" ? paint.green : kind === "out" ? paint.red : paint.yellow;
    const line = `${STRETCH_INDENT}${colour(SIGNS[kind])} ${tag}  ${place.padEnd(29)} ${count(pages).padStart(8)} ${pages === 1 ? "page" : "pages"}`;
    return `${line}${words === "" ? "" : paint.dim(`  ${words}`)}`.trimEnd();
  }

  /** The lanes. */
  *summary(): Generator<string> {
    const { paint } = this.#terminal;
    const lanes = this.#lanes.all;
    const head = [
      { head: "tag" },
      right("watched"),
      right("in"),
      right("out"),
      right("backed"),
      { head: "changes" },
      { head: "backed, of watched" },
    ];
    const cells = lanes.map((lane) => {
      const { pageIns, pageOuts, backed } = lane.totals;
      return [shortened(lane.tag, this.#tagWidth), count(lane.watched), signed("+", pageIns), signed("-", pageOuts), count(backed)];
    });
    const taken = [0, 1, 2, 3, 4].reduce(
      (sum, i) => sum + 2 + Math.max(head[i]?.head.length ?? 0, ...cells.map((row) => widthOf(row[i] ?? ""))),
      4,
    );
    const room = Math.max(NARROWEST_BAR, Math.floor((this.#terminal.width - taken - 2) / 2));
    const perCell = Math.ceil(this.#dumps / room);
    const rows = lanes.map((lane, i) => [...(cells[i] ?? []), lane.happenedStrip(perCell), paint.cyan(lane.backedStrip(perCell))]);
    yield "";
    yield renderTable(this.#terminal, head, rows);
    const scale = `a character is ${counted(perCell, "dump")}, the first is step 0`;
    yield* this.#note(`${scale}: + in, - out, ± both, · neither; ▁ to █ how much is backed`, "  ");
  }
}

function right(head: string): { readonly head: string; readonly align: "right" } {
  return { head, align: "right" };
}

/** Colour for what is there alone: blanks stay blanks. */
function padded(text: string, width: number, colour: (text: string) => string): string {
  const blanks = " ".repeat(Math.max(0, width - text.length));
  return text === "" ? blanks : `${blanks}${colour(text)}`;
}

function signed(sign: string, events: number): string {
  return events === 0 ? "0" : `${sign}${count(events)}`;
}

/** "0x7f0000000000-0x7f0000002000", half-open; one address inside a page by itself. */
function rangeWords({ va, end, pages }: Stretch): string {
  const isWholePage = va % BigInt(FRAME_SIZE) === 0n;
  return pages === 1 && !isWholePage ? hex(va) : `${hex(va)}-${hex(end)}`;
}

function pageWords({ pageSize, fault }: Stretch): string {
  const size = pageSize === FRAME_SIZE ? [] : [`mapped as ${byteSize(pageSize)}`];
  const why = fault === undefined || fault === "not-present" ? [] : [fault];
  return [...size, ...why].join(", ");
}
