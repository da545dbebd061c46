/** How far the timeline is zoomed: which steps are in sight. */

import { stepCount } from "./answer.js";
import { chosenStep, stepFilter, zoom } from "./view.js";

/** As near as it goes, in steps. */
const LEAST_SPAN = 4;

/** What is in sight: all steps, where nobody has zoomed. */
export function shownWindow(): { readonly first: number; readonly span: number } {
  const steps = Math.max(1, stepCount.value);
  const wanted = zoom.value;
  if (wanted === undefined) return { first: 0, span: steps };
  const span = Math.min(steps, Math.max(Math.min(LEAST_SPAN, steps), wanted.span));
  return { first: Math.max(0, Math.min(steps - span, wanted.first)), span };
}

export function setWindow(first: number, span: number): void {
  const steps = stepCount.peek();
  const fitting = Math.min(steps, Math.max(Math.min(LEAST_SPAN, steps), span));
  zoom.value = fitting >= steps ? undefined : { first: Math.max(0, Math.min(steps - fitting, first)), span: fitting };
}

/** Keeps `anchor`, a step, where it is. */
export function zoomBy(factor: number, anchor: number = chosenStep.peek() + 0.5): void {
  const { first, span } = shownWindow();
  const within = anchor >= first && anchor <= first + span ? anchor : first + span / 2;
  setWindow(within - (within - first) / factor, span / factor);
}

export function showAll(): void {
  zoom.value = undefined;
}

/** Chooses a step, in sight; a filter by the step that was chosen goes with it. */
export function goToStep(wanted: number): void {
  const step = Math.max(0, Math.min(stepCount.peek() - 1, wanted));
  chosenStep.value = step;
  const only = stepFilter.peek();
  if (only !== undefined && only.from === only.to) stepFilter.value = { from: step, to: step };
  bringStepInSight(step);
}

export function bringStepInSight(step: number): void {
  const { first, span } = shownWindow();
  if (step < first) setWindow(step, span);
  else if (step + 1 > first + span) setWindow(step + 1 - span, span);
}

export function panBy(steps: number): void {
  const { first, span } = shownWindow();
  setWindow(first + steps, span);
}
