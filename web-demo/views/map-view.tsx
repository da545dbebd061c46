/** The map of the address space at the chosen step: bars that are buttons, each filters by its region. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { drawMap, fillBars, layOut, MAP_HEIGHT, type MapBar, type MapPicture } from "../drawing/address-map.js";
import { palette } from "../drawing/palette.js";
import { type EventStore, pageOf } from "../model/events.js";
import { Pace } from "../model/filter.js";
import { bytes, count, counted, hex } from "../model/format.js";
import { mapRegions, type SpaceMap } from "../model/map-regions.js";
import { isAbort } from "../session/problem-text.js";
import { answer } from "../state/answer.js";
import { isMapLoading, mapProblem, sides, spaceMap } from "../state/inspection.js";
import { listCursor } from "../state/list-cursor.js";
import { themeVersion } from "../state/theme.js";
import { addressText, chosenStep, inspected } from "../state/view.js";
import { useSize } from "./use-size.js";

const NOTHING: MapPicture = { bars: [], columns: [] };
const ROOM_FOR_LABEL = 62;

export function MapView() {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width } = useSize(frame);
  const hovered = useSignal<MapBar | undefined>(undefined);
  const map = spaceMap.value;
  const now = answer.value;
  const step = chosenStep.value;
  const isAnswered = now !== undefined && now.status !== "running";
  const theme = themeVersion.value;
  const picture = useSignal<MapPicture>(NOTHING);
  const store = isAnswered ? now.store : undefined;
  useEffect(() => {
    const own = new AbortController();
    if (map === undefined || store === undefined) picture.value = NOTHING;
    else {
      paint(map, store, step, width, own.signal).then(
        (painted) => {
          picture.value = painted;
        },
        (error: unknown) => {
          if (!isAbort(error)) throw error;
        },
      );
    }
    return () => own.abort();
  }, [map, store, step, width, picture]);
  const { bars } = picture.value;
  const marked = inspected.value === undefined ? undefined : pageOf(inspected.value.va);
  useEffect(() => {
    if (canvas.current !== null) drawMap(canvas.current, picture.value, width, marked, palette());
  }, [picture.value, marked, theme, width]);
  const writableExecutable = map?.writableExecutable ?? 0;
  return (
    <section class="map" aria-labelledby="map-title">
      <div class="section-head">
        <h2 id="map-title">Address space</h2>
        <span class="quiet fine">
          {mapProblem.value ??
            (map === undefined ? "" : `at step ${sides.value?.after.step ?? step}: ${summary(map.mappedPages, map.length, map.isCut)}`)}
        </span>
        {writableExecutable > 0 && (
          <span class="badge danger" title="Stretches that can be written to and executed at once">
            {count(writableExecutable)} writable and executable
          </span>
        )}
        <div class="spring" />
        {hovered.value === undefined ? <MapLegend /> : <span class="fine quiet mono map-hover">{describeRegion(hovered.value)}</span>}
      </div>
      <div class={`map-body${isMapLoading.value ? " is-loading" : ""}`} ref={frame}>
        <canvas ref={canvas} style={{ height: `${MAP_HEIGHT}px` }} aria-hidden="true" />
        <ul id="map" class="map-bars" aria-label="Regions of the address space" onKeyDown={moveAlong}>
          {bars.map((bar, i) => (
            <li key={bar.region.from}>
              <button
                type="button"
                tabIndex={i === 0 ? 0 : -1}
                class={bar.region.changes > 0 ? "has-changes" : ""}
                style={{ left: `${bar.x - 2}px`, width: `${bar.width + 4}px` }}
                aria-label={`${describeRegion(bar)}: show only these addresses`}
                onClick={() => only(bar)}
                onPointerEnter={() => {
                  hovered.value = bar;
                }}
                onPointerLeave={() => {
                  hovered.value = undefined;
                }}
                onFocus={() => {
                  hovered.value = bar;
                }}
              >
                {bar.width >= ROOM_FOR_LABEL && (
                  <span class="bar-label mono" aria-hidden="true">
                    {bytes((bar.region.to - bar.region.from) * 4096)}
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function MapLegend() {
  return (
    <ul class="map-legend fine" aria-hidden="true">
      <li class="is-mapped">mapped</li>
      <li class="is-executable">executable</li>
      <li class="is-both">writable + executable</li>
      <li class="is-changed">changed at this step</li>
    </ul>
  );
}

async function paint(map: SpaceMap, store: EventStore, step: number, width: number, signal: AbortSignal): Promise<MapPicture> {
  const pace = new Pace(signal);
  const regions = await mapRegions(map, store, step, pace);
  return fillBars(layOut(regions, width), map, store, step, pace);
}

function summary(pages: number, stretches: number, isCut: boolean): string {
  return `${isCut ? "the first " : ""}${bytes(pages * 4096)} mapped in ${counted(stretches, "stretch", "stretches")}`;
}

function describeRegion({ region }: MapBar): string {
  const { from, to, mappedPages, changes, writableExecutable } = region;
  const parts = [
    `${hex(BigInt(from) << 12n)} +${bytes((to - from) * 4096)}`,
    `${bytes(mappedPages * 4096)} mapped`,
    changes > 0 ? counted(changes, "change") : "",
    writableExecutable > 0 ? `${count(writableExecutable)} writable and executable` : "",
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

function only({ region }: MapBar): void {
  const text = `${hex(BigInt(region.from) << 12n)}-${hex(BigInt(region.to) << 12n)}`;
  addressText.value = addressText.value === text ? "" : text;
  listCursor.value = 0;
}

/** One stop for Tab, arrows within. */
function moveAlong(event: KeyboardEvent): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const buttons = [...(event.currentTarget as HTMLElement).querySelectorAll("button")];
  const next = buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + step];
  next?.focus();
}
