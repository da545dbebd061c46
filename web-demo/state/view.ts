/**
 * What of the answer is looked at: filters, the chosen step, the inspected address, how far the timeline is zoomed.
 */

import { computed, signal } from "@preact/signals";
import { parseRange } from "../model/address-text.js";
import type { EventType } from "../model/events.js";
import { pageOf } from "../model/events.js";
import type { Filter, StepRange } from "../model/filter.js";

/** Empty: all. */
export const typeFilter = signal<readonly EventType[]>([]);
/** A lane's key. */
export const laneFilter = signal<string | undefined>(undefined);
export const addressText = signal("");
export const stepFilter = signal<StepRange | undefined>(undefined);

/** The step whose map is shown, and whose "before" and "after" are inspected. */
export const chosenStep = signal(1);

export interface Inspected {
  readonly va: bigint;
  /** Of the table that is shown as a grid; undefined: the one where the walk ends. */
  readonly level: number | undefined;
}
export const inspected = signal<Inspected | undefined>(undefined);
/** Where "back" leads. */
export const inspectedBefore = signal<readonly Inspected[]>([]);

/** First step in sight and how many, as fractions of a step; undefined: all of them. */
export const zoom = signal<{ readonly first: number; readonly span: number } | undefined>(undefined);

export const addressRange = computed(() => {
  const text = addressText.value.trim();
  return text === "" ? undefined : parseRange(text);
});

export const filter = computed<Filter>(() => {
  const range = addressRange.value;
  const value = range && "value" in range ? range.value : undefined;
  return {
    types: typeFilter.value,
    lane: laneFilter.value,
    range: value && { from: pageOf(value.from), to: value.to >= 2n ** 64n ? 2 ** 52 : pageOf(value.to + 4095n) },
    steps: stepFilter.value,
  };
});

export const isFiltered = computed(
  () => typeFilter.value.length > 0 || laneFilter.value !== undefined || addressText.value.trim() !== "" || stepFilter.value !== undefined,
);

export function clearFilters(): void {
  typeFilter.value = [];
  laneFilter.value = undefined;
  addressText.value = "";
  stepFilter.value = undefined;
}

export function toggleType(type: EventType): void {
  const types = typeFilter.value;
  typeFilter.value = types.includes(type) ? types.filter((other) => other !== type) : [...types, type];
}

export function inspect(next: Inspected | undefined): void {
  const now = inspected.value;
  if (now && next && now.va === next.va && now.level === next.level) return;
  inspectedBefore.value = next === undefined || now === undefined ? [] : [...inspectedBefore.value, now];
  inspected.value = next;
}

export function inspectBack(): void {
  const previous = inspectedBefore.value.at(-1);
  if (previous === undefined) return;
  inspectedBefore.value = inspectedBefore.value.slice(0, -1);
  inspected.value = previous;
}
