/**
 * The marks of the five types of event. Shape and direction say which it is; colour only besides.
 *
 *     page-in    an arrow up from the line        page-out   an arrow down from it
 *     remap      a diamond on it                  access     a ring on it
 *     page-size  a hollow square on it
 */

import type { EventType } from "../model/events.js";
import type { Palette } from "./palette.js";

/** What the command writes for it, and what stands in lists. */
export const GLYPHS: Readonly<Record<EventType, string>> = {
  "page-in": "▲",
  "page-out": "▼",
  remap: "◆",
  access: "○",
  "page-size": "□",
};

const HEAD_HEIGHT = 6;
const SHAFT = 0.4;

/** Arrow from (x, y), `reach` pixels up or down, its head `width` wide: a head alone where it is short. */
export function arrow(context: CanvasRenderingContext2D, x: number, y: number, reach: number, width: number, direction: 1 | -1): void {
  const length = Math.max(HEAD_HEIGHT, reach);
  const neck = y + direction * (length - HEAD_HEIGHT);
  const half = width / 2;
  const shaft = Math.max(0.75, half * SHAFT);
  context.beginPath();
  context.moveTo(x - shaft, y);
  context.lineTo(x - shaft, neck);
  context.lineTo(x - half, neck);
  context.lineTo(x, y + direction * length);
  context.lineTo(x + half, neck);
  context.lineTo(x + shaft, neck);
  context.lineTo(x + shaft, y);
  context.closePath();
  context.fill();
}

export function diamond(context: CanvasRenderingContext2D, x: number, y: number, half: number): void {
  context.beginPath();
  context.moveTo(x, y - half);
  context.lineTo(x + half, y);
  context.lineTo(x, y + half);
  context.lineTo(x - half, y);
  context.closePath();
  context.fill();
}

export function ring(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = 1.75;
  context.stroke();
}

export function square(context: CanvasRenderingContext2D, x: number, y: number, half: number): void {
  context.lineWidth = 1.75;
  context.strokeRect(x - half, y - half, 2 * half, 2 * half);
}

/** Sets the colour of a type, for fill and stroke. */
export function useColour(context: CanvasRenderingContext2D, { type }: Palette, event: EventType): void {
  context.fillStyle = type[event];
  context.strokeStyle = type[event];
}
