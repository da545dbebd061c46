/**
 * The map of an address space: a bar a region, from pages to terabytes, the gaps between them broken out.
 *
 * A region's width goes with the logarithm of its size; inside, the scale is even. What is mapped is filled, what changed at the step
 * is lit in the colour of its type, what is writable and executable at once carries a hatched foot.
 */

import { EVENT_TYPES, type EventStore, type EventType, EXECUTE, USER } from "../model/events.js";
import { type Pace, ROWS_A_BREATH } from "../model/filter.js";
import { isWritableExecutable, type MapRegion, rowsOfStep, type SpaceMap } from "../model/map-regions.js";
import { prepare } from "./canvas.js";
import type { Palette } from "./palette.js";
import { hatch, roundRect } from "./timeline.js";

export interface MapBar {
  readonly region: MapRegion;
  readonly x: number;
  readonly width: number;
}

/** Bars, and what the pixels of each say. */
export interface MapPicture {
  readonly bars: readonly MapBar[];
  readonly columns: readonly BarColumns[];
}

export const MAP_HEIGHT = 36;
const GAP = 9;
const HALVES_GAP = 25;
const LEAST_BAR = 7;
const LIT_HEIGHT = 22;
const FOOT = 6;
const SHADES = 16;

/** Bars from left to right; between the lower and the upper half there is more room. */
export function layOut(regions: readonly MapRegion[], width: number): readonly MapBar[] {
  if (regions.length === 0) return [];
  const upper = regions.findIndex(({ isUser }) => !isUser);
  const hasHalves = upper > 0;
  const gaps = (regions.length - 1) * GAP + (hasHalves ? HALVES_GAP - GAP : 0);
  const weights = regions.map(({ from, to }) => 1 + Math.log2(1 + to - from));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const room = Math.max(0, width - gaps - regions.length * LEAST_BAR);
  let x = 0;
  return regions.map((region, i) => {
    if (i > 0) x += hasHalves && i === upper ? HALVES_GAP : GAP;
    const bar = { region, x, width: LEAST_BAR + (room * (weights[i] as number)) / sum };
    x += bar.width;
    return bar;
  });
}

/** What each bar shows, over a million stretches in strides. */
export async function fillBars(bars: readonly MapBar[], map: SpaceMap, store: EventStore, step: number, pace: Pace): Promise<MapPicture> {
  let { from: row } = rowsOfStep(store, step);
  const { to } = rowsOfStep(store, step);
  let at = 0;
  const columns: BarColumns[] = [];
  for (const bar of bars) {
    const own = new BarColumns(bar);
    columns.push(own);
    for (; at < map.length && (map.page[at] as number) < bar.region.to; at++) {
      if (at % ROWS_A_BREATH === 0) await pace.breathe();
      own.addMapped(map.page[at] as number, map.pages[at] as number, map.access[at] as number);
    }
    for (; row < to; row++) {
      if (row % ROWS_A_BREATH === 0) await pace.breathe();
      const { chunk, place } = store.at(row);
      if ((chunk.page[place] as number) >= bar.region.to) break;
      own.addChanged(chunk.page[place] as number, chunk.pages[place] as number, chunk.type[place] as number);
    }
  }
  return { bars, columns };
}

/** `marked`: page of the inspected address. */
export function drawMap(
  canvas: HTMLCanvasElement,
  { bars, columns }: MapPicture,
  width: number,
  marked: number | undefined,
  colours: Palette,
): void {
  const context = prepare(canvas, width, MAP_HEIGHT);
  if (context === undefined) return;
  bars.forEach((bar, i) => {
    columns[i]?.draw(context, colours);
    const next = bars[i + 1];
    if (next === undefined) return;
    if (bar.region.isUser && !next.region.isUser) drawHalves(context, colours, bar.x + bar.width, next.x);
    else drawBreak(context, colours, bar.x + bar.width, next.x);
  });
  if (marked !== undefined) drawMarked(context, bars, marked, colours);
}

/** What the pixels of one bar say. */
class BarColumns {
  readonly #bar: MapBar;
  readonly #size: number;
  readonly #mapped: Float64Array;
  readonly #isUser: Uint8Array;
  readonly #isExecutable: Uint8Array;
  readonly #isWritableExecutable: Uint8Array;
  /** Bits by type. */
  readonly #changed: Uint8Array;

  constructor(bar: MapBar) {
    this.#bar = bar;
    this.#size = Math.max(1, Math.round(bar.width));
    this.#mapped = new Float64Array(this.#size);
    this.#isUser = new Uint8Array(this.#size);
    this.#isExecutable = new Uint8Array(this.#size);
    this.#isWritableExecutable = new Uint8Array(this.#size);
    this.#changed = new Uint8Array(this.#size);
  }

  addMapped(page: number, pages: number, access: number): void {
    const pagesAColumn = (this.#bar.region.to - this.#bar.region.from) / this.#size;
    this.#each(page, pages, (column) => {
      this.#mapped[column] = (this.#mapped[column] as number) + Math.min(pages, pagesAColumn) / pagesAColumn;
      if (access & USER) this.#isUser[column] = 1;
      if (access & EXECUTE) this.#isExecutable[column] = 1;
      if (isWritableExecutable(access)) this.#isWritableExecutable[column] = 1;
    });
  }

  addChanged(page: number, pages: number, type: number): void {
    this.#each(page, pages, (column) => {
      this.#changed[column] = (this.#changed[column] as number) | (1 << type);
    });
  }

  draw(context: CanvasRenderingContext2D, colours: Palette): void {
    const { x, width } = this.#bar;
    const top = MAP_HEIGHT - LIT_HEIGHT - FOOT;
    context.fillStyle = colours.sunken;
    roundRect(context, x, top, width, LIT_HEIGHT, 2);
    context.fill();
    for (let column = 0; column < this.#size; ) {
      const shade = this.#shade(column);
      const isExecutable = this.#isExecutable[column];
      let end = column + 1;
      while (end < this.#size && this.#shade(end) === shade && this.#isExecutable[end] === isExecutable) end++;
      if (shade > 0) {
        context.globalAlpha = shade;
        context.fillStyle = isExecutable ? colours.table : colours.leaf;
        context.fillRect(x + column, top, end - column, LIT_HEIGHT);
      }
      column = end;
    }
    context.globalAlpha = 1;
    for (let column = 0; column < this.#size; column++) this.#drawChanged(context, colours, column, top);
    for (let column = 0; column < this.#size; column++) {
      if (!this.#isWritableExecutable[column]) continue;
      let end = column;
      while (end + 1 < this.#size && this.#isWritableExecutable[end + 1]) end++;
      const footWidth = Math.max(4, end - column + 1);
      hatch(context, x + column, top + LIT_HEIGHT, footWidth, FOOT, colours.danger);
      context.fillStyle = colours.danger;
      context.fillRect(x + column, top + LIT_HEIGHT, footWidth, 2);
      column = end;
    }
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    roundRect(context, x + 0.5, top + 0.5, width - 1, LIT_HEIGHT - 1, 2);
    context.stroke();
  }

  /** In so few steps that columns alike are drawn as one; 0 where nothing is mapped. */
  #shade(column: number): number {
    const mapped = this.#mapped[column] as number;
    return mapped === 0 ? 0 : 0.35 + (0.65 * Math.ceil(SHADES * Math.min(1, mapped))) / SHADES;
  }

  /** Lit above its bar, so that one page in a terabyte is seen. Up to three types share a column. */
  #drawChanged(context: CanvasRenderingContext2D, colours: Palette, column: number, top: number): void {
    const bits = this.#changed[column] as number;
    if (bits === 0) return;
    const types = EVENT_TYPES.filter((_, type) => bits & (1 << type)) as EventType[];
    const height = (LIT_HEIGHT + 6) / types.length;
    types.forEach((type, i) => {
      context.fillStyle = colours.type[type];
      context.fillRect(this.#bar.x + column - 0.5, top - 6 + i * height, 2, height);
    });
  }

  #each(page: number, pages: number, visit: (column: number) => void): void {
    const { from, to } = this.#bar.region;
    const scale = this.#size / (to - from);
    const first = Math.max(0, Math.floor((page - from) * scale));
    const end = Math.min(this.#size, Math.max(first + 1, Math.ceil((page + pages - from) * scale)));
    for (let column = first; column < end; column++) visit(column);
  }
}

/** Two strokes: nothing is mapped between here and there. */
function drawBreak(context: CanvasRenderingContext2D, colours: Palette, from: number, to: number): void {
  const middle = (from + to) / 2;
  const y = MAP_HEIGHT - FOOT - LIT_HEIGHT / 2;
  context.strokeStyle = colours.lineStrong;
  context.lineWidth = 1;
  context.beginPath();
  for (const x of [middle - 1.5, middle + 1.5]) {
    context.moveTo(x - 1.5, y + 5);
    context.lineTo(x + 1.5, y - 5);
  }
  context.stroke();
}

/** Between the lower half, programs', and the upper one, the kernel's. */
function drawHalves(context: CanvasRenderingContext2D, colours: Palette, from: number, to: number): void {
  context.fillStyle = colours.lineStrong;
  context.fillRect(Math.round((from + to) / 2) - 1, 2, 1.5, MAP_HEIGHT - 4);
}

function drawMarked(context: CanvasRenderingContext2D, bars: readonly MapBar[], marked: number, colours: Palette): void {
  const bar = bars.find(({ region }) => region.from <= marked && marked < region.to);
  if (bar === undefined) return;
  const x = bar.x + ((marked - bar.region.from) / (bar.region.to - bar.region.from)) * bar.width;
  context.fillStyle = colours.text;
  context.beginPath();
  context.moveTo(x - 4, 0);
  context.lineTo(x + 4, 0);
  context.lineTo(x, 6);
  context.closePath();
  context.fill();
}
