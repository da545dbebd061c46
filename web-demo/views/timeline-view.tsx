/** The timeline as an element: lanes with their names, the overview, zoom and pan, and a cursor for the keyboard. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { drawOverview, OVERVIEW_HEIGHT } from "../drawing/overview.js";
import { palette } from "../drawing/palette.js";
import { AXIS_HEIGHT, drawAxis, drawTimeline, LANE_HEIGHT, stepAtX, type TimelineScene } from "../drawing/timeline.js";
import type { FilteredEvents } from "../model/filter.js";
import { filtered, stepCount } from "../state/answer.js";
import { dumps } from "../state/dumps.js";
import { listCursor } from "../state/list-cursor.js";
import { passedOverSteps } from "../state/passed-over.js";
import { themeVersion } from "../state/theme.js";
import { bringStepInSight, goToStep, panBy, setWindow, showAll, shownWindow, zoomBy } from "../state/timeline-window.js";
import { chosenStep, laneFilter, stepFilter, zoom } from "../state/view.js";
import { Icon } from "./icons.js";
import { LaneNames } from "./lane-names.js";
import { type Cell, CellTip, CountsTable, describeCell, type PointedCell } from "./timeline-words.js";
import { useSize } from "./use-size.js";

const cursor = signal<Cell | undefined>(undefined);
const hovered = signal<PointedCell | undefined>(undefined);
const ZOOM_FACTOR = 1.5;
const WHEEL_ZOOM = 0.0022;

export function TimelineView() {
  const found = filtered.value;
  const frame = useRef<HTMLDivElement>(null);
  const axis = useRef<HTMLCanvasElement>(null);
  const overview = useRef<HTMLCanvasElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const scrollTop = useSignal(0);
  const isFocused = useSignal(false);
  const { width } = useSize(frame);
  const { height } = useSize(scroller);
  const theme = themeVersion.value;
  const { first, span } = shownWindow();
  const only = laneFilter.value === undefined ? undefined : found?.lanes.findIndex(({ key }) => key === laneFilter.value);
  const passedOver = passedOverSteps.value;
  const scene: TimelineScene | undefined = found && {
    width,
    height: Math.max(0, height),
    scrollTop: scrollTop.value,
    first,
    span,
    steps: stepCount.value,
    tally: found.tally,
    chosenStep: chosenStep.value,
    onlyLane: only === -1 ? undefined : only,
    cursor: (isFocused.value ? cursor.value : undefined) ?? hovered.value,
    isFocused: isFocused.value,
    passedOver,
  };
  useEffect(() => {
    if (scene === undefined || canvas.current === null || axis.current === null || overview.current === null) return;
    const parts = [canvas.current, axis.current, overview.current] as const;
    const request = requestAnimationFrame(() => {
      drawTimeline(parts[0], scene, palette());
      drawAxis(parts[1], scene, palette());
      drawOverview(parts[2], scene, palette());
    });
    return () => cancelAnimationFrame(request);
  });
  useWheel(frame);
  void theme;
  const lanes = found?.lanes ?? [];
  return (
    <section class="timeline" aria-labelledby="timeline-title">
      <div class="section-head">
        <h2 id="timeline-title">Timeline</h2>
        <span class="quiet fine timeline-step">{stepTitle()}</span>
        <div class="spring" />
        <button
          type="button"
          class="tiny"
          onClick={() => goToStep(chosenStep.peek() - 1)}
          disabled={chosenStep.value === 0}
          aria-label="Step before"
          title="Step before ([)"
        >
          <Icon name="left" />
        </button>
        <button
          type="button"
          class="tiny"
          onClick={() => goToStep(chosenStep.peek() + 1)}
          disabled={chosenStep.value >= stepCount.value - 1}
          aria-label="Step after"
          title="Step after (])"
        >
          <Icon name="right" />
        </button>
        <span class="tool-gap" />
        <button type="button" class="tiny" onClick={() => zoomBy(1 / ZOOM_FACTOR)} aria-label="Zoom out" title="Zoom out (-)">
          <Icon name="minus" />
        </button>
        <button type="button" class="tiny" onClick={() => zoomBy(ZOOM_FACTOR)} aria-label="Zoom in" title="Zoom in (+)">
          <Icon name="plus" />
        </button>
        <button type="button" class="tiny" onClick={showAll} aria-label="All steps" title="All steps (0)">
          <Icon name="fit" />
        </button>
      </div>
      <div class="timeline-body">
        <div class="timeline-corner">
          <span class="fine">all</span>
          <span class="fine">step</span>
        </div>
        <div class="timeline-top" ref={frame}>
          <canvas
            ref={overview}
            class="overview"
            style={{ height: `${OVERVIEW_HEIGHT}px` }}
            aria-hidden="true"
            onPointerDown={overviewPan}
          />
          <canvas
            ref={axis}
            class="axis"
            style={{ height: `${AXIS_HEIGHT}px` }}
            aria-hidden="true"
            onClick={(event) => chooseStep(stepAtX({ width, first, span, steps: stepCount.value }, event.offsetX), event.shiftKey)}
          />
        </div>
        <div
          class="timeline-scroll"
          ref={scroller}
          onScroll={(event) => {
            scrollTop.value = event.currentTarget.scrollTop;
          }}
        >
          <LaneNames lanes={lanes} only={only} />
          <div
            id="timeline"
            class="timeline-lanes"
            role="application"
            aria-roledescription="timeline"
            aria-label="Timeline: arrow keys move, Enter filters by step and lane"
            aria-describedby="timeline-cell"
            tabIndex={0}
            data-first={first}
            data-span={span}
            style={{ height: `${Math.max(lanes.length * LANE_HEIGHT, height)}px` }}
            onFocus={() => {
              isFocused.value = true;
              cursor.value ??= { lane: 0, step: chosenStep.peek() };
            }}
            onBlur={() => {
              isFocused.value = false;
            }}
            onKeyDown={(event) => moveCursor(event, lanes.length, scroller.current)}
            onPointerMove={(event) => hover(event, scene)}
            onPointerLeave={() => {
              hovered.value = undefined;
            }}
            onPointerDown={(event) => drag(event, width)}
            onClick={(event) => clickCell(event, scene, lanes)}
          >
            <canvas ref={canvas} class="lanes" style={{ height: `${height}px` }} aria-hidden="true" />
          </div>
        </div>
      </div>
      <p id="timeline-cell" class="visually-hidden" aria-live="polite">
        {isFocused.value && cursor.value && found ? describeCell(found, cursor.value) : ""}
      </p>
      {hovered.value !== undefined && found !== undefined && <CellTip found={found} at={hovered.value} />}
      {found !== undefined && <CountsTable found={found} />}
    </section>
  );
}

function stepTitle(): string {
  const step = chosenStep.value;
  const name = dumps.value[step]?.name ?? "";
  return `step ${step} · ${name}`;
}

/** Ctrl and wheel, or a pinch, zooms; sideways pans. */
function useWheel(frame: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const body = frame.current?.parentElement;
    if (!body) return;
    const wheel = (event: WheelEvent): void => {
      const { width = 1, left = 0 } = frame.current?.getBoundingClientRect() ?? {};
      const { first, span } = shownWindow();
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        zoomBy(Math.exp(-event.deltaY * WHEEL_ZOOM), first + ((event.clientX - left) / width) * span);
      } else if (zoom.peek() !== undefined && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
        event.preventDefault();
        panBy(((event.shiftKey ? event.deltaY || event.deltaX : event.deltaX) / width) * span);
      }
    };
    body.addEventListener("wheel", wheel, { passive: false });
    return () => body.removeEventListener("wheel", wheel);
  }, [frame]);
}

let hasDragged = false;

function drag(event: PointerEvent, width: number): void {
  hasDragged = false;
  if (zoom.peek() === undefined || event.button !== 0) return;
  const target = event.currentTarget as HTMLElement;
  const start = { x: event.clientX, first: shownWindow().first };
  const move = (moved: PointerEvent): void => {
    if (Math.abs(moved.clientX - start.x) > 3) hasDragged = true;
    if (hasDragged) setWindow(start.first - ((moved.clientX - start.x) / width) * shownWindow().span, shownWindow().span);
  };
  const end = (): void => {
    target.removeEventListener("pointermove", move);
    target.removeEventListener("pointerup", end);
    target.removeEventListener("pointercancel", end);
  };
  target.setPointerCapture(event.pointerId);
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", end);
  target.addEventListener("pointercancel", end);
}

/** In the overview the window goes where the pointer is. */
function overviewPan(event: PointerEvent): void {
  const target = event.currentTarget as HTMLCanvasElement;
  const go = (at: PointerEvent): void => {
    const { left, width } = target.getBoundingClientRect();
    const step = ((at.clientX - left) / width) * stepCount.peek();
    if (zoom.peek() === undefined) chosenStep.value = Math.max(0, Math.min(stepCount.peek() - 1, Math.floor(step)));
    else setWindow(step - shownWindow().span / 2, shownWindow().span);
  };
  go(event);
  target.setPointerCapture(event.pointerId);
  const end = (): void => {
    target.removeEventListener("pointermove", go);
    target.removeEventListener("pointerup", end);
  };
  target.addEventListener("pointermove", go);
  target.addEventListener("pointerup", end);
}

function cellAtPoint(event: MouseEvent, scene: TimelineScene | undefined): Cell | undefined {
  if (scene === undefined) return undefined;
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const lane = Math.floor((event.clientY - box.top) / LANE_HEIGHT);
  return lane < 0 || lane >= scene.tally.lanes ? undefined : { lane, step: stepAtX(scene, event.clientX - box.left) };
}

function hover(event: PointerEvent, scene: TimelineScene | undefined): void {
  const cell = cellAtPoint(event, scene);
  hovered.value = cell && { ...cell, x: event.clientX, y: event.clientY };
}

function clickCell(event: MouseEvent, scene: TimelineScene | undefined, lanes: FilteredEvents["lanes"]): void {
  if (hasDragged) return;
  const cell = cellAtPoint(event, scene);
  if (cell === undefined) return;
  cursor.value = cell;
  filterByCell(cell, lanes);
}

/** The same cell again takes the filter away. */
function filterByCell({ lane, step }: Cell, lanes: FilteredEvents["lanes"]): void {
  const key = lanes[lane]?.key;
  const isSame = laneFilter.value === key && stepFilter.value?.from === step && stepFilter.value.to === step;
  chosenStep.value = step;
  laneFilter.value = isSame ? undefined : key;
  stepFilter.value = isSame ? undefined : { from: step, to: step };
  listCursor.value = 0;
}

function chooseStep(step: number, isExtending: boolean): void {
  const now = stepFilter.value;
  chosenStep.value = step;
  if (isExtending && now !== undefined) stepFilter.value = { from: Math.min(now.from, step), to: Math.max(now.to, step) };
  else stepFilter.value = now?.from === step && now.to === step ? undefined : { from: step, to: step };
  listCursor.value = 0;
}

function moveCursor(event: KeyboardEvent, lanes: number, scroller: HTMLElement | null): void {
  if (event.ctrlKey || event.metaKey || event.altKey || lanes === 0) return;
  const now = cursor.value ?? { lane: 0, step: chosenStep.value };
  const lastStep = stepCount.value - 1;
  const moves: Readonly<Record<string, Cell>> = {
    ArrowLeft: { ...now, step: Math.max(0, now.step - 1) },
    ArrowRight: { ...now, step: Math.min(lastStep, now.step + 1) },
    ArrowUp: { ...now, lane: Math.max(0, now.lane - 1) },
    ArrowDown: { ...now, lane: Math.min(lanes - 1, now.lane + 1) },
    Home: { ...now, step: 0 },
    End: { ...now, step: lastStep },
    PageUp: { ...now, lane: Math.max(0, now.lane - 8) },
    PageDown: { ...now, lane: Math.min(lanes - 1, now.lane + 8) },
  };
  const next = moves[event.key];
  if (next !== undefined) {
    event.preventDefault();
    cursor.value = next;
    chosenStep.value = next.step;
    keepInSight(next, scroller);
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    filterByCell({ lane: Math.min(now.lane, lanes - 1), step: now.step }, filtered.peek()?.lanes ?? []);
    if (event.key === "Enter" && stepFilter.value !== undefined) document.getElementById("events")?.focus();
  }
}

function keepInSight({ lane, step }: Cell, scroller: HTMLElement | null): void {
  bringStepInSight(step);
  if (scroller === null) return;
  const top = lane * LANE_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + LANE_HEIGHT > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + LANE_HEIGHT - scroller.clientHeight;
}
