/**
 * What became of each tag over a whole replay, and its two strips: what happened, and how much was backed, a character
 * a dump.
 */

import type { EventColumns } from "../../model/event.js";
import type { TagState } from "../results/tag-state.js";
import { levelCharacter } from "../terminal/text.js";

const PAGE_IN = 1;
const HAD_PAGE_INS = 1;
const HAD_PAGE_OUTS = 2;
const UNREADABLE = 4;

export interface LaneTotals {
  readonly pageIns: number;
  readonly pageOuts: number;
  /** After the last step. */
  readonly backed: number;
}

/** One tag, dump by dump. */
export class Lane {
  readonly tag: string;
  readonly watched: number;
  readonly backedAtStart: number;
  #pageIns = 0;
  #pageOuts = 0;
  /** Index = dump; bits of what happened. */
  readonly #happened: number[] = [0];
  readonly #backed: number[];

  constructor(state: TagState) {
    this.tag = state.tag;
    this.watched = state.watched;
    this.backedAtStart = state.backed;
    this.#backed = [state.backed];
  }

  get totals(): LaneTotals {
    return { pageIns: this.#pageIns, pageOuts: this.#pageOuts, backed: this.#backed.at(-1) ?? 0 };
  }

  /** Takes the events of the next dump. */
  addStep(pageIns: number, pageOuts: number): void {
    this.#pageIns += pageIns;
    this.#pageOuts += pageOuts;
    this.#happened.push((pageIns > 0 ? HAD_PAGE_INS : 0) | (pageOuts > 0 ? HAD_PAGE_OUTS : 0));
    this.#backed.push(this.totals.backed + pageIns - pageOuts);
  }

  /** The next dump could not be read. */
  addUnreadable(): void {
    this.#happened.push(UNREADABLE);
    this.#backed.push(this.totals.backed);
  }

  /** `+` page-ins, `-` page-outs, `±` both, `·` neither, `?` unreadable; `perCell` dumps a character. */
  happenedStrip(perCell: number): string {
    return cells(this.#happened, perCell, (part) => happenedCharacter(part.reduce((bits, one) => bits | one, 0)));
  }

  /** Eighths of the watched addresses that are backed, as the last dump of each character has it. */
  backedStrip(perCell: number): string {
    return cells(this.#backed, perCell, (part) => levelCharacter(part.at(-1) ?? 0, this.watched));
  }
}

function happenedCharacter(bits: number): string {
  switch (bits & (HAD_PAGE_INS | HAD_PAGE_OUTS)) {
    case HAD_PAGE_INS:
      return "+";
    case HAD_PAGE_OUTS:
      return "-";
    case HAD_PAGE_INS | HAD_PAGE_OUTS:
      return "±";
    default:
      return (bits & UNREADABLE) === 0 ? "·" : "?";
  }
}

function cells(values: readonly number[], perCell: number, character: (part: readonly number[]) => string): string {
  let strip = "";
  for (let from = 0; from < values.length; from += perCell) strip += character(values.slice(from, from + perCell));
  return strip;
}

/** The lanes of a replay, fed a step at a time. */
export class Lanes {
  readonly all: readonly Lane[];
  readonly #byTag: ReadonlyMap<string, Lane>;

  constructor(tags: readonly TagState[]) {
    this.all = tags.map((state) => new Lane(state));
    this.#byTag = new Map(this.all.map((lane) => [lane.tag, lane]));
  }

  /** Page-ins and page-outs of the step, over all tags. */
  addStep(events: EventColumns): { pageIns: number; pageOuts: number } {
    const ins = new Map<Lane, number>();
    const outs = new Map<Lane, number>();
    const lanes = events.tags.map((tag) => this.#byTag.get(tag));
    for (let i = 0; i < events.length; i++) {
      const lane = lanes[events.tagIndex[i] as number];
      if (lane !== undefined) {
        const counts = events.type[i] === PAGE_IN ? ins : outs;
        counts.set(lane, (counts.get(lane) ?? 0) + 1);
      }
    }
    let pageIns = 0;
    let pageOuts = 0;
    for (const lane of this.all) {
      const laneIns = ins.get(lane) ?? 0;
      const laneOuts = outs.get(lane) ?? 0;
      lane.addStep(laneIns, laneOuts);
      pageIns += laneIns;
      pageOuts += laneOuts;
    }
    return { pageIns, pageOuts };
  }

  addUnreadable(): void {
    for (const lane of this.all) lane.addUnreadable();
  }

  get watched(): number {
    return this.all.reduce((sum, lane) => sum + lane.watched, 0);
  }

  get backed(): number {
    return this.all.reduce((sum, lane) => sum + lane.totals.backed, 0);
  }
}
