/**
 * The overview above the timeline: all lanes in one line, all steps in sight, and a window on what the timeline shows.
 */

import { EVENT_TYPES } from "../model/events.js";
import type { Tally } from "../model/filter.js";
import { prepare } from "./canvas.js";
import type { Palette } from "./palette.js";
import { roundRect } from "./timeline.js";

export interface OverviewScene {
  readonly width: number;
  readonly steps: number;
  readonly tally: Tally;
  readonly first: number;
  readonly span: number;
  readonly chosenStep: number;
}

export const OVERVIEW_HEIGHT = 30;
const LEAST_COLUMN = 2;

export function drawOverview(canvas: HTMLCanvasElement, scene: OverviewScene, colours: Palette): void {
  const context = prepare(canvas, scene.width, OVERVIEW_HEIGHT);
  if (context === undefined) return;
  const columns = Math.min(scene.steps, Math.floor(scene.width / LEAST_COLUMN));
  const sums = Array.from({ length: columns }, (_, column) =>
    sumsOf(scene.tally, Math.floor((column * scene.steps) / columns), Math.max(Math.floor(((column + 1) * scene.steps) / columns), 1)),
  );
  const largest = sums.reduce((most, sum) => Math.max(most, ...sum), 1);
  const half = OVERVIEW_HEIGHT / 2;
  const height = (pages: number): number => (pages === 0 ? 0 : 1.5 + (half - 3) * (Math.log2(1 + pages) / Math.log2(1 + largest)));
  const width = scene.width / columns;
  sums.forEach(([pageIn = 0, pageOut = 0, other = 0], column) => {
    const bar = Math.max(1, Math.min(14, width * 0.6));
    const x = column * width + (width - bar) / 2;
    context.fillStyle = colours.type["page-in"];
    context.fillRect(x, half - height(pageIn), bar, height(pageIn));
    context.fillStyle = colours.type["page-out"];
    context.fillRect(x, half, bar, height(pageOut));
    if (other > 0) {
      context.fillStyle = colours.type.remap;
      context.fillRect(x, half - 1, bar, 2);
    }
  });
  context.fillStyle = colours.line;
  context.fillRect(0, half - 0.25, scene.width, 0.5);
  context.fillStyle = colours.accent;
  context.fillRect(((scene.chosenStep + 0.5) / scene.steps) * scene.width - 1, 0, 2, OVERVIEW_HEIGHT);
  drawWindow(context, scene, colours);
}

function drawWindow(context: CanvasRenderingContext2D, { width, steps, first, span }: OverviewScene, colours: Palette): void {
  if (span >= steps) return;
  const from = (first / steps) * width;
  const to = ((first + span) / steps) * width;
  context.globalAlpha = 0.65;
  context.fillStyle = colours.sunken;
  context.fillRect(0, 0, from, OVERVIEW_HEIGHT);
  context.fillRect(to, 0, width - to, OVERVIEW_HEIGHT);
  context.globalAlpha = 1;
  context.strokeStyle = colours.accent;
  context.lineWidth = 1.5;
  roundRect(context, from + 0.75, 0.75, Math.max(4, to - from - 1.5), OVERVIEW_HEIGHT - 1.5, 3);
  context.stroke();
}

/** Page-in, page-out, and what moves or changes in place. */
function sumsOf(tally: Tally, from: number, to: number): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let lane = 0; lane < tally.lanes; lane++) {
    for (let step = from; step < to; step++) {
      EVENT_TYPES.forEach((_, type) => {
        const place = Math.min(type, 2) as 0 | 1 | 2;
        sums[place] += tally.at(lane, step, type);
      });
    }
  }
  return sums;
}
