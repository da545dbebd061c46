/**
 * The table at one level of the walk, before and after, as grids of 512 cells; from a cell on to the table that it leads to, and back.
 *
 * What is inspected is an address and a level. Choosing another cell is choosing another address, so walk and grid always agree.
 */

import { signal, useSignal } from "@preact/signals";
import type { Architecture } from "page-table-monitor";
import { useEffect, useRef } from "preact/hooks";
import { palette } from "../drawing/palette.js";
import { COLUMNS, cellAt, drawGrid, gridSize } from "../drawing/table-grid.js";
import { counted, hex, pageSizeText } from "../model/format.js";
import { ENTRIES, indexAt, shiftOf, type Walk, withIndex } from "../model/walk.js";
import type { Inspection } from "../state/inspection.js";
import { space } from "../state/question.js";
import { themeVersion } from "../state/theme.js";
import { inspect, inspected } from "../state/view.js";
import { Icon } from "./icons.js";
import { useSize } from "./use-size.js";

const LARGEST_CELL = 15;
const SMALLEST_CELL = 8;
const GAP = 12;
/** The cell under the pointer, or the keyboard's. */
const cursor = signal<number | undefined>(undefined);

export function TableGrids({ now }: { readonly now: Inspection }) {
  const arch = space.value?.arch;
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  if (arch === undefined) return null;
  const level = shownLevel(now);
  const [before, after] = [tableAt(now.before, level), tableAt(now.after, level)];
  const cell = Math.max(SMALLEST_CELL, Math.min(LARGEST_CELL, Math.floor(((width - GAP) / 2 - 32) / COLUMNS)));
  const onPath = indexAt(now.va, level);
  const scene = { level, arch, onPath, cell };
  const changed = before && after ? before.reduce((sum, value, i) => sum + (value === after[i] ? 0 : 1), 0) : 0;
  const at = cursor.value ?? onPath;
  return (
    <section class="grids" aria-labelledby="grid-title">
      <div class="section-head">
        <h3 id="grid-title">
          Table of {entryName(arch, level)}s <span class="quiet">level {level}</span>
        </h3>
        <span class="fine quiet">{before && after ? `${counted(changed, "entry", "entries")} changed` : ""}</span>
        <div class="spring" />
        <button
          type="button"
          class="small"
          disabled={level >= arch.levels}
          onClick={() => goUp(now, arch, level)}
          title="The table that leads here (U)"
        >
          <Icon name="up" /> Up
        </button>
        <button
          type="button"
          class="small"
          disabled={!leadsOn(now, level)}
          onClick={() => goDown(now, level)}
          title="The table that the ringed entry leads to (Enter)"
        >
          <Icon name="down" /> Into
        </button>
      </div>
      <div
        id="grid"
        ref={frame}
        class="grid-pair"
        role="application"
        aria-roledescription="table of 512 entries"
        aria-label="Entries: arrow keys move, Enter chooses or goes into the table, U goes up, Backspace goes back"
        aria-describedby="grid-cell"
        tabIndex={0}
        data-level={level}
        data-cell={cell}
        onKeyDown={(event) => moveCursor(event, now, arch, level)}
        onBlur={() => {
          cursor.value = undefined;
        }}
      >
        <Grid title="before" table={before} other={after} scene={scene} now={now} />
        <Grid title="after" table={after} other={before} scene={scene} now={now} />
      </div>
      <p id="grid-cell" class="fine mono grid-cell" aria-live="polite">
        {describeCell(at, arch, level, now, before, after)}
      </p>
      <ul class="legend fine" aria-label="Cells">
        <li>
          <i class="cell cell-leaf" /> page
        </li>
        <li>
          <i class="cell cell-table" /> table
        </li>
        <li>
          <i class="cell cell-soft" /> not present, not 0
        </li>
        <li>
          <i class="cell cell-changed" /> changed
        </li>
        <li>
          <i class="cell cell-path" /> on the path
        </li>
      </ul>
    </section>
  );
}

interface PartScene {
  readonly level: number;
  readonly arch: Architecture;
  readonly onPath: number;
  readonly cell: number;
}

function Grid({
  title,
  table,
  other,
  scene,
  now,
}: {
  readonly title: string;
  readonly table: BigUint64Array | undefined;
  readonly other: BigUint64Array | undefined;
  readonly scene: PartScene;
  readonly now: Inspection;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isHovered = useSignal(false);
  const theme = themeVersion.value;
  const at = cursor.value;
  const size = gridSize(scene.cell);
  useEffect(() => {
    if (canvas.current !== null) drawGrid(canvas.current, { ...scene, table, other, cursor: at }, palette());
  }, [table, other, scene, at, theme]);
  const pointed = (event: MouseEvent): number | undefined => cellAt(event.offsetX, event.offsetY, scene.cell);
  return (
    <figure class="grid">
      <figcaption class="fine">
        {title}
        {table === undefined ? ": no such table" : ""}
      </figcaption>
      <canvas
        ref={canvas}
        aria-hidden="true"
        style={{ width: `${size.width}px`, height: `${size.height}px` }}
        onPointerMove={(event) => {
          isHovered.value = true;
          cursor.value = pointed(event);
        }}
        onPointerLeave={() => {
          cursor.value = undefined;
        }}
        onClick={(event) => {
          const index = pointed(event);
          if (index !== undefined) choose(now, scene.arch, scene.level, index);
        }}
        onDblClick={() => goDown(now, scene.level)}
      />
    </figure>
  );
}

/** The chosen level where a walk comes by it, else the one where the walk after ends. */
function shownLevel({ before, after }: Inspection): number {
  const levels = new Set([...before.entries, ...after.entries].map((entry) => entry.level));
  const wanted = inspected.value?.level;
  if (wanted !== undefined && levels.has(wanted)) return wanted;
  return Math.min(...levels, space.peek()?.arch.levels ?? 1);
}

function tableAt({ entries }: Walk, level: number): BigUint64Array | undefined {
  return entries.find((entry) => entry.level === level)?.table;
}

function entryName(arch: Architecture, level: number): string {
  return arch.describeEntry(level, 0n).name;
}

function choose(now: Inspection, arch: Architecture, level: number, index: number): void {
  inspect({ va: withIndex(now.va, level, index, arch), level });
}

/** Whether either walk goes on below the level. */
function leadsOn({ before, after }: Inspection, level: number): boolean {
  return [before, after].some((walk) => walk.entries.some((entry) => entry.level === level - 1));
}

function goDown(now: Inspection, level: number): void {
  if (leadsOn(now, level)) inspect({ va: now.va, level: level - 1 });
}

function goUp(now: Inspection, arch: Architecture, level: number): void {
  if (level < arch.levels) inspect({ va: now.va, level: level + 1 });
}

function moveCursor(event: KeyboardEvent, now: Inspection, arch: Architecture, level: number): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onPath = indexAt(now.va, level);
  const at = cursor.value ?? onPath;
  const next = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - COLUMNS,
    ArrowDown: at + COLUMNS,
    Home: 0,
    End: ENTRIES - 1,
  }[event.key];
  if (next !== undefined) cursor.value = Math.max(0, Math.min(ENTRIES - 1, next));
  else if (event.key === "Enter" && at !== onPath) choose(now, arch, level, at);
  else if (event.key === "Enter") goDown(now, level);
  else if (event.key === "u" || event.key === "U") goUp(now, arch, level);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function describeCell(
  index: number,
  arch: Architecture,
  level: number,
  now: Inspection,
  before: BigUint64Array | undefined,
  after: BigUint64Array | undefined,
): string {
  const va = withIndex(now.va, level, index, arch);
  const say = (table: BigUint64Array | undefined): string => {
    const value = table?.[index];
    if (value === undefined) return "no table";
    const { kind, target } = arch.describeEntry(level, value);
    if (kind === "not-present") return value === 0n ? "not present" : `not present (${hex(value)})`;
    const what = kind === "leaf" ? `page ${pageSizeText(2 ** shiftOf(level))}` : kind;
    return target === undefined ? `${what} ${hex(value)}` : `${what} ${hex(target)}`;
  };
  const [one, other] = [say(before), say(after)];
  return `[${hex(index)}] VA ${hex(va)}: ${one === other && before?.[index] === after?.[index] ? one : `${one} → ${other}`}`;
}
