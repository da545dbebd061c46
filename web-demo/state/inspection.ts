/**
 * The inspected address, walked before and after the chosen step; and the map of the space at that step.
 */

import { computed, effect, signal, untracked } from "@preact/signals";
import type { Architecture } from "page-table-monitor";
import { bytes } from "../model/format.js";
import type { SpaceMap } from "../model/map-regions.js";
import { type FrameReader, isCanonical, type Walk, walk } from "../model/walk.js";
import type { RemoteDump } from "../session/engine.js";
import { isAbort, problemText } from "../session/problem-text.js";
import { readSpaceMap } from "../session/space-map.js";
import { answer } from "./answer.js";
import { dumps, readyDumps } from "./dumps.js";
import { engine } from "./engine.js";
import { space } from "./question.js";
import { runTask } from "./task.js";
import { chosenStep, inspected } from "./view.js";

export interface Sides {
  readonly before: { readonly step: number; readonly dump: RemoteDump };
  readonly after: { readonly step: number; readonly dump: RemoteDump };
}

/** The two dumps of the chosen step. Where it was passed over: those around it. */
export const sides = computed<Sides | undefined>(() => {
  const now = answer.value;
  if (now === undefined) return undefined;
  const after = now.request.dumps.find(({ step }) => step >= chosenStep.value) ?? now.request.dumps.at(-1);
  if (after === undefined) return undefined;
  const compared = now.outcomes.find(({ step }) => step === after.step)?.before;
  const before = now.request.dumps.findLast(({ step }) => (compared === undefined ? step < after.step : step === compared)) ?? after;
  return { before, after };
});

/** By what is walked: nothing is walked again while rows come in. */
const sidesKey = computed(() => {
  const now = sides.value;
  const idOf = (step: number): number | undefined => readyDumps.value.find((ready) => ready.step === step)?.item.id;
  return now === undefined ? undefined : `${idOf(now.before.step)} ${idOf(now.after.step)} ${space.value?.root} ${space.value?.arch.name}`;
});

export interface Inspection {
  readonly va: bigint;
  readonly sides: Sides;
  readonly before: Walk;
  readonly after: Walk;
}

export const inspection = signal<Inspection | undefined>(undefined);
export const inspectionProblem = signal<string | undefined>(undefined);

export const spaceMap = signal<SpaceMap | undefined>(undefined);
export const mapProblem = signal<string | undefined>(undefined);
export const isMapLoading = signal(false);

/** A step that is only passed through is not mapped. */
const MAP_DELAY_MILLISECONDS = 60;
const MAPS_KEPT = 4;
/** Frames kept for the eye, by dump. */
const FRAMES_KEPT = 256;

const frames = new WeakMap<RemoteDump, Map<number, Promise<Uint8Array | undefined>>>();

export function startInspecting(): void {
  effect(() => {
    sidesKey.value;
    const va = inspected.value?.va;
    const now = sides.peek();
    const arch = space.peek()?.arch;
    if (va === undefined || now === undefined || arch === undefined) {
      inspection.value = undefined;
      return;
    }
    if (!isCanonical(va, arch)) {
      inspection.value = undefined;
      inspectionProblem.value = `0x${va.toString(16)} is not canonical: bits 63 to ${arch.virtualAddressBits - 1} must all be equal`;
      return;
    }
    untracked(() => void walkBoth(va, now));
  });
  effect(() => {
    sidesKey.value;
    const isAsked = answer.value !== undefined && answer.value.status !== "running";
    const now = sides.peek();
    if (isAsked && now !== undefined) untracked(() => void showMap(now));
    else if (now === undefined) spaceMap.value = undefined;
  });
}

let walking = 0;

async function walkBoth(va: bigint, now: Sides): Promise<void> {
  const own = ++walking;
  const { root, arch } = space.peek() ?? {};
  if (root === undefined || arch === undefined) return;
  try {
    const [before, after] = await Promise.all([now.before, now.after].map(({ dump }) => walk(reader(dump), arch, root, va)));
    if (own !== walking || before === undefined || after === undefined) return;
    inspectionProblem.value = undefined;
    inspection.value = { va, sides: now, before, after };
  } catch (error) {
    if (own !== walking) return;
    inspection.value = undefined;
    inspectionProblem.value = problemText(error);
  }
}

function reader(dump: RemoteDump): FrameReader {
  let known = frames.get(dump);
  if (known === undefined) {
    known = new Map();
    frames.set(dump, known);
  }
  const kept = known;
  return (gfn) => {
    let frame = kept.get(gfn);
    if (frame === undefined) {
      if (kept.size >= FRAMES_KEPT) kept.clear();
      frame = dump.readFrame(gfn);
      kept.set(gfn, frame);
      frame.catch(() => kept.delete(gfn));
    }
    return frame;
  };
}

async function readMap({ step, dump }: Sides["after"], root: bigint, arch: Architecture, newer: AbortSignal): Promise<SpaceMap> {
  const title = `Reading the map of ${dumps.peek()[step]?.name}`;
  return runTask(
    "mapping",
    title,
    (rate) => `${bytes(rate)}/s`,
    async ({ signal, report }) =>
      readSpaceMap(await engine(), dump, root, arch, AbortSignal.any([newer, signal]), (done, total) =>
        report(title, done / total, (done / total) * dump.size),
      ),
  );
}

let mapping: AbortController | undefined;
const maps = new Map<string, SpaceMap>();

async function showMap(now: Sides): Promise<void> {
  mapping?.abort();
  const own = new AbortController();
  mapping = own;
  const { root, arch } = space.peek() ?? {};
  const id = readyDumps.peek().find(({ dump }) => dump === now.after.dump)?.item.id;
  if (root === undefined || arch === undefined || id === undefined) return;
  const key = `${id} ${root} ${arch.name}`;
  const known = maps.get(key);
  if (known !== undefined) {
    spaceMap.value = known;
    mapProblem.value = undefined;
    isMapLoading.value = false;
    return;
  }
  isMapLoading.value = true;
  try {
    await new Promise((resolve) => setTimeout(resolve, MAP_DELAY_MILLISECONDS));
    own.signal.throwIfAborted();
    const map = await readMap(now.after, root, arch, own.signal);
    const [oldest] = maps.keys();
    if (oldest !== undefined && maps.size >= MAPS_KEPT) maps.delete(oldest);
    maps.set(key, map);
    spaceMap.value = map;
    mapProblem.value = undefined;
  } catch (error) {
    if (own.signal.aborted) return;
    spaceMap.value = undefined;
    mapProblem.value = isAbort(error) ? "Cancelled: another step, or this one again, asks anew." : problemText(error);
  } finally {
    if (mapping === own) isMapLoading.value = false;
  }
}
