/**
 * A table as a grid of 512 cells, sixteen to a row: row and column are the digits of the index.
 *
 * An empty cell is not present, a filled one a leaf, one with a notch leads to a table, one crossed out is malformed; a dot is what
 * software left in an entry that is not present. Changed cells are outlined, the one on the walked path is ringed.
 */

import type { Architecture } from "page-table-monitor";
import { ENTRIES } from "../model/walk.js";
import { font, prepare } from "./canvas.js";
import type { Palette } from "./palette.js";
import { roundRect } from "./timeline.js";

export interface GridScene {
  readonly table: BigUint64Array | undefined;
  /** The same table on the other side; undefined: there is none to compare with. */
  readonly other: BigUint64Array | undefined;
  readonly level: number;
  readonly arch: Architecture;
  readonly onPath: number;
  readonly cursor: number | undefined;
  readonly cell: number;
}

export const COLUMNS = 16;
export const ROWS = ENTRIES / COLUMNS;
export const LABEL_WIDTH = 26;
export const HEAD_HEIGHT = 14;

export function gridSize(cell: number): { readonly width: number; readonly height: number } {
  return { width: LABEL_WIDTH + COLUMNS * cell + 2, height: HEAD_HEIGHT + ROWS * cell + 2 };
}

/** The cell at a point; undefined beside the grid. */
export function cellAt(x: number, y: number, cell: number): number | undefined {
  const column = Math.floor((x - LABEL_WIDTH) / cell);
  const row = Math.floor((y - HEAD_HEIGHT) / cell);
  return column < 0 || column >= COLUMNS || row < 0 || row >= ROWS ? undefined : row * COLUMNS + column;
}

export function drawGrid(canvas: HTMLCanvasElement, scene: GridScene, colours: Palette): void {
  const { width, height } = gridSize(scene.cell);
  const context = prepare(canvas, width, height);
  if (context === undefined) return;
  drawLabels(context, scene, colours);
  for (let index = 0; index < ENTRIES; index++) drawCell(context, scene, colours, index);
  if (scene.table !== undefined) outline(context, scene, scene.onPath, colours.accent, 2.25);
  if (scene.cursor !== undefined && scene.cursor !== scene.onPath) outline(context, scene, scene.cursor, colours.text, 1.5);
}

function drawLabels(context: CanvasRenderingContext2D, { cell }: GridScene, colours: Palette): void {
  context.font = font(9);
  context.fillStyle = colours.textQuiet;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (let row = 0; row < ROWS; row += 2) {
    context.fillText((row * COLUMNS).toString(16).padStart(3, "0"), LABEL_WIDTH - 5, HEAD_HEIGHT + (row + 0.5) * cell + 0.5);
  }
  context.textAlign = "center";
  for (let column = 0; column < COLUMNS; column++) {
    context.fillText(column.toString(16), LABEL_WIDTH + (column + 0.5) * cell, HEAD_HEIGHT / 2);
  }
}

function drawCell(context: CanvasRenderingContext2D, scene: GridScene, colours: Palette, index: number): void {
  const { table, other, cell, arch, level } = scene;
  const x = LABEL_WIDTH + (index % COLUMNS) * cell;
  const y = HEAD_HEIGHT + Math.floor(index / COLUMNS) * cell;
  const size = cell - 2;
  const value = table?.[index];
  context.fillStyle = colours.sunken;
  context.fillRect(x + 1, y + 1, size, size);
  if (value !== undefined && value !== 0n) drawKind(context, arch.describeEntry(level, value).kind, x + 1, y + 1, size, colours);
  if (table !== undefined && other !== undefined && other[index] !== value) {
    context.strokeStyle = colours.type["page-out"];
    context.lineWidth = 1.5;
    context.strokeRect(x + 0.75, y + 0.75, cell - 1.5, cell - 1.5);
  }
}

function drawKind(
  context: CanvasRenderingContext2D,
  kind: ReturnType<Architecture["describeEntry"]>["kind"],
  x: number,
  y: number,
  size: number,
  colours: Palette,
): void {
  if (kind === "not-present") {
    context.fillStyle = colours.textQuiet;
    context.fillRect(x + size / 2 - 1, y + size / 2 - 1, 2, 2);
  } else if (kind === "leaf") {
    context.fillStyle = colours.leaf;
    context.fillRect(x, y, size, size);
  } else if (kind === "table") {
    context.fillStyle = colours.table;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + size, y);
    context.lineTo(x + size, y + size * 0.5);
    context.lineTo(x + size * 0.5, y + size);
    context.lineTo(x, y + size);
    context.closePath();
    context.fill();
  } else {
    context.strokeStyle = colours.danger;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x + 1, y + 1);
    context.lineTo(x + size - 1, y + size - 1);
    context.moveTo(x + size - 1, y + 1);
    context.lineTo(x + 1, y + size - 1);
    context.stroke();
  }
}

function outline(context: CanvasRenderingContext2D, { cell }: GridScene, index: number, colour: string, width: number): void {
  const x = LABEL_WIDTH + (index % COLUMNS) * cell;
  const y = HEAD_HEIGHT + Math.floor(index / COLUMNS) * cell;
  context.strokeStyle = colour;
  context.lineWidth = width;
  roundRect(context, x - 0.5, y - 0.5, cell + 1, cell + 1, 2);
  context.stroke();
}
