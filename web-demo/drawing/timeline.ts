/**
 * The timeline: steps across, a lane a tag or region, marks where something happened.
 *
 * Heights are logarithmic, since a step may have one page or millions. Where steps are too narrow for marks they are summed up by
 * columns of pixels: up is still page-in, down page-out. Only what is in sight is drawn.
 */

import { EVENT_TYPES, type EventType } from "../model/events.js";
import type { Tally } from "../model/filter.js";
import { font, prepare } from "./canvas.js";
import { arrow, diamond, ring, square, useColour } from "./marks.js";
import type { Palette } from "./palette.js";

export interface TimelineScene {
  readonly width: number;
  readonly height: number;
  /** Pixels above the first lane in sight. */
  readonly scrollTop: number;
  readonly first: number;
  readonly span: number;
  readonly steps: number;
  readonly tally: Tally;
  readonly chosenStep: number;
  /** Drawn full; the others faint. Undefined: all. */
  readonly onlyLane: number | undefined;
  readonly cursor: { readonly lane: number; readonly step: number } | undefined;
  readonly isFocused: boolean;
  /** Steps whose dump was passed over. */
  readonly passedOver: ReadonlySet<number>;
}

export const LANE_HEIGHT = 32;
export const AXIS_HEIGHT = 24;
const ROOM_FOR_MARKS = 8;
const WIDEST_ARROW = 11;
const FAINT = 0.28;
const COLUMN_PIXELS = 3;
const MARGIN = 2;
const LEAST_HEIGHT = 4;
const ROOM_FOR_NUMBER = 26;

const [IN, OUT, REMAP, ACCESS, SIZE] = EVENT_TYPES.map((_, i) => i) as [number, number, number, number, number];

/** Left edge of a step. */
export function xOfStep({ width, first, span }: Pick<TimelineScene, "width" | "first" | "span">, step: number): number {
  return ((step - first) / span) * width;
}

export function stepAtX({ width, first, span, steps }: Pick<TimelineScene, "width" | "first" | "span" | "steps">, x: number): number {
  return Math.max(0, Math.min(steps - 1, Math.floor(first + (x / width) * span)));
}

export function drawAxis(canvas: HTMLCanvasElement, scene: TimelineScene, colours: Palette): void {
  const context = prepare(canvas, scene.width, AXIS_HEIGHT);
  if (context === undefined) return;
  const cell = scene.width / scene.span;
  const every = strideOf(cell);
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let step = Math.floor(scene.first / every) * every; step < scene.first + scene.span; step += every) {
    if (step < 0 || step >= scene.steps || isCrowded(scene, step, cell)) continue;
    const x = xOfStep(scene, step) + cell / 2;
    context.font = font(11);
    context.fillStyle = scene.passedOver.has(step) ? colours.danger : colours.textQuiet;
    if (step !== scene.chosenStep) context.fillText(scene.passedOver.has(step) ? `${step}×` : String(step), x, AXIS_HEIGHT / 2);
  }
  const x = xOfStep(scene, scene.chosenStep) + cell / 2;
  const text = String(scene.chosenStep);
  context.font = font(11, 700);
  const half = Math.max(10, context.measureText(text).width / 2 + 6);
  context.fillStyle = colours.accent;
  roundRect(context, x - half, 3, 2 * half, AXIS_HEIGHT - 6, 4);
  context.fill();
  context.fillStyle = colours.surface;
  context.fillText(text, x, AXIS_HEIGHT / 2 + 0.5);
}

export function drawTimeline(canvas: HTMLCanvasElement, scene: TimelineScene, colours: Palette): void {
  const context = prepare(canvas, scene.width, scene.height);
  if (context === undefined) return;
  const cell = scene.width / scene.span;
  const firstLane = Math.max(0, Math.floor(scene.scrollTop / LANE_HEIGHT));
  const endLane = Math.min(scene.tally.lanes, Math.ceil((scene.scrollTop + scene.height) / LANE_HEIGHT));
  drawGround(context, scene, colours, cell);
  for (let lane = firstLane; lane < endLane; lane++) {
    const y = lane * LANE_HEIGHT - scene.scrollTop;
    context.fillStyle = colours.line;
    context.fillRect(0, y + LANE_HEIGHT - 1, scene.width, 1);
    context.globalAlpha = scene.onlyLane !== undefined && scene.onlyLane !== lane ? FAINT : 1;
    if (cell >= ROOM_FOR_MARKS) drawMarks(context, scene, colours, lane, y + LANE_HEIGHT / 2, cell);
    else drawColumns(context, scene, colours, lane, y + LANE_HEIGHT / 2);
    context.globalAlpha = 1;
  }
  drawCursor(context, scene, colours, cell);
}

/** The chosen step as a column, steps that were passed over hatched. */
function drawGround(context: CanvasRenderingContext2D, scene: TimelineScene, colours: Palette, cell: number): void {
  if (cell >= ROOM_FOR_MARKS) {
    context.fillStyle = colours.line;
    for (let step = Math.ceil(scene.first); step <= scene.first + scene.span; step++) {
      context.fillRect(Math.round(xOfStep(scene, step)), 0, step % 10 === 0 ? 1 : 0.5, scene.height);
    }
  }
  for (const step of scene.passedOver) {
    hatch(context, xOfStep(scene, step), 0, cell, scene.height, colours.lineStrong);
  }
  context.fillStyle = colours.accentSoft;
  context.fillRect(xOfStep(scene, scene.chosenStep), 0, Math.max(2, cell), scene.height);
}

function drawMarks(context: CanvasRenderingContext2D, scene: TimelineScene, colours: Palette, lane: number, y: number, cell: number): void {
  const from = Math.max(0, Math.floor(scene.first));
  const to = Math.min(scene.steps, Math.ceil(scene.first + scene.span));
  const width = Math.max(3, Math.min(WIDEST_ARROW, cell * 0.26));
  for (let step = from; step < to; step++) {
    const centre = xOfStep(scene, step) + cell / 2;
    const [pageIn, pageOut, remap, access, size] = EVENT_TYPES.map((_, type) => scene.tally.at(lane, step, type)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const arrows = pageIn > 0 || pageOut > 0;
    const others = (remap > 0 ? 1 : 0) + (access > 0 ? 1 : 0) + (size > 0 ? 1 : 0);
    // Side by side: arrows, then what stands on the line.
    const places = (arrows ? 1 : 0) + others;
    if (places === 0) continue;
    const gap = Math.min(cell / places, 1.7 * WIDEST_ARROW);
    let x = centre - ((places - 1) / 2) * gap;
    if (arrows) {
      useColour(context, colours, "page-in");
      if (pageIn > 0) arrow(context, x, y - (pageOut > 0 ? 0.75 : 0), heightOf(pageIn, scene.tally), width, -1);
      useColour(context, colours, "page-out");
      if (pageOut > 0) arrow(context, x, y + (pageIn > 0 ? 0.75 : 0), heightOf(pageOut, scene.tally), width, 1);
      x += gap;
    }
    for (const [type, pages] of [
      [REMAP, remap],
      [ACCESS, access],
      [SIZE, size],
    ] as const) {
      if (pages === 0) continue;
      drawOnLine(context, colours, EVENT_TYPES[type] as EventType, x, y, Math.min(gap / 2 - 0.5, 2 + heightOf(pages, scene.tally) * 0.45));
      x += gap;
    }
  }
}

function drawOnLine(context: CanvasRenderingContext2D, colours: Palette, type: EventType, x: number, y: number, half: number): void {
  useColour(context, colours, type);
  if (type === "remap") diamond(context, x, y, half);
  else if (type === "access") ring(context, x, y, Math.max(2, half - 1));
  else square(context, x, y, Math.max(2, half - 1.5));
}

/** Many steps to a column: the sum of each type, in over the line, out under it, the rest on it. */
function drawColumns(context: CanvasRenderingContext2D, scene: TimelineScene, colours: Palette, lane: number, y: number): void {
  for (let x = 0; x < scene.width; x += COLUMN_PIXELS) {
    const from = Math.max(0, Math.floor(scene.first + (x / scene.width) * scene.span));
    const to = Math.min(scene.steps, Math.max(from + 1, Math.floor(scene.first + ((x + COLUMN_PIXELS) / scene.width) * scene.span)));
    const sums = sumOf(scene.tally, lane, from, to);
    const width = COLUMN_PIXELS - 0.75;
    if (sums[IN]) {
      useColour(context, colours, "page-in");
      context.fillRect(x, y - heightOf(sums[IN], scene.tally), width, heightOf(sums[IN], scene.tally));
    }
    if (sums[OUT]) {
      useColour(context, colours, "page-out");
      context.fillRect(x, y, width, heightOf(sums[OUT], scene.tally));
    }
    if (sums[REMAP]) {
      useColour(context, colours, "remap");
      diamond(context, x + width / 2, y, 3);
    }
    if (sums[ACCESS]) {
      useColour(context, colours, "access");
      context.fillRect(x, y + LANE_HEIGHT / 2 - 5, width, 2);
    }
    if (sums[SIZE]) {
      useColour(context, colours, "page-size");
      context.fillRect(x, y - LANE_HEIGHT / 2 + 3, width, 2);
    }
  }
}

function sumOf(tally: Tally, lane: number, from: number, to: number): number[] {
  return EVENT_TYPES.map((_, type) => {
    let sum = 0;
    for (let step = from; step < to; step++) sum += tally.at(lane, step, type);
    return sum;
  });
}

function drawCursor(context: CanvasRenderingContext2D, scene: TimelineScene, colours: Palette, cell: number): void {
  if (scene.cursor === undefined) return;
  const x = xOfStep(scene, scene.cursor.step);
  const y = scene.cursor.lane * LANE_HEIGHT - scene.scrollTop;
  context.strokeStyle = scene.isFocused ? colours.accent : colours.lineStrong;
  context.lineWidth = scene.isFocused ? 2 : 1;
  roundRect(context, x + 1, y + 1, Math.max(4, cell) - 2, LANE_HEIGHT - 3, 3);
  context.stroke();
}

function heightOf(pages: number, { largest }: Tally): number {
  const most = LANE_HEIGHT / 2 - MARGIN;
  return LEAST_HEIGHT + (most - LEAST_HEIGHT) * (Math.log2(1 + pages) / Math.log2(2 + largest));
}

/** Beside the number of the chosen step, which is always there. */
function isCrowded({ chosenStep }: TimelineScene, step: number, cell: number): boolean {
  return step !== chosenStep && Math.abs(step - chosenStep) * cell < ROOM_FOR_NUMBER;
}

/** Numbers on the axis are this many steps apart. */
function strideOf(cell: number): number {
  for (const every of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]) {
    if (every * cell >= ROOM_FOR_NUMBER) return every;
  }
  return 10_000;
}

export function hatch(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, colour: string): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = -height; at < width; at += 5) {
    context.moveTo(x + at, y + height);
    context.lineTo(x + at + height, y);
  }
  context.stroke();
  context.restore();
}

export function roundRect(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number): void {
  context.beginPath();
  context.roundRect(x, y, Math.max(0, width), Math.max(0, height), radius);
}
