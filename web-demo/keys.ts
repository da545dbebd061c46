/**
 * The keys of the page: one table that both drives them and is shown by `?`.
 *
 * A key without `run` is driven by the part of the page that has the focus, and stands here to be shown.
 */

import { tinykeys } from "tinykeys";
import { EVENT_TYPES } from "./model/events.js";
import { answer } from "./state/answer.js";
import { loadSample } from "./state/loading.js";
import { openHelp, toggleSetup } from "./state/panels.js";
import { toggleTheme } from "./state/theme.js";
import { goToStep, showAll, zoomBy } from "./state/timeline-window.js";
import { chosenStep, clearFilters, inspect, inspectBack, inspected, toggleType } from "./state/view.js";
import { copyCommand, toggleExport } from "./views/export-menu.js";
import { copyLink } from "./views/header.js";
import { findSpaces } from "./views/question-form.js";
import { cancelLastTask } from "./views/task-bar.js";

interface Key {
  /** For tinykeys; undefined: driven elsewhere. */
  readonly binding?: string;
  /** As they stand on the keyboard. */
  readonly shown: readonly string[];
  readonly what: string;
  readonly run?: () => void;
}

const ZOOM_FACTOR = 1.5;

export const KEY_TABLE: readonly { readonly title: string; readonly keys: readonly Key[] }[] = [
  {
    title: "Dumps and question",
    keys: [
      { binding: "o", shown: ["O"], what: "choose files", run: () => document.getElementById("file-input")?.click() },
      { binding: "s", shown: ["S"], what: "open the bundled capture", run: () => void loadSample() },
      { binding: "b", shown: ["B"], what: "dumps and question: show or hide", run: toggleSetup },
      { binding: "r", shown: ["R"], what: "find address spaces", run: () => void findSpaces() },
      { shown: ["Alt", "↑↓"], what: "move a dump (focus on it)" },
      { shown: ["Alt", "Home/End"], what: "move it to either end" },
    ],
  },
  {
    title: "Where to",
    keys: [
      { binding: "t", shown: ["T"], what: "timeline", run: () => focusOn("timeline") },
      { binding: "m", shown: ["M"], what: "map of the address space", run: () => focusMap() },
      { binding: "l", shown: ["L"], what: "events", run: () => focusOn("events") },
      { binding: "g", shown: ["G"], what: "grid of the inspected table", run: () => focusOn("grid") },
      { binding: "/", shown: ["/"], what: "filter by address", run: () => focusOn("address-filter") },
      { binding: "a", shown: ["A"], what: "inspect another address", run: goToAddress },
    ],
  },
  {
    title: "Timeline and steps",
    keys: [
      { binding: "[", shown: ["["], what: "step before", run: () => goToStep(chosenStep.value - 1) },
      { binding: "]", shown: ["]"], what: "step after", run: () => goToStep(chosenStep.value + 1) },
      { binding: "(\\+|=)", shown: ["+"], what: "zoom in", run: () => zoomBy(ZOOM_FACTOR) },
      { binding: "-", shown: ["-"], what: "zoom out", run: () => zoomBy(1 / ZOOM_FACTOR) },
      { binding: "0", shown: ["0"], what: "all steps", run: showAll },
      { shown: ["↑↓←→", "Enter"], what: "move, filter by step and lane" },
    ],
  },
  {
    title: "Events",
    keys: [
      { shown: ["↑↓", "PgUp", "PgDn"], what: "move; an open inspector follows" },
      { shown: ["Enter"], what: "inspect the address" },
      ...EVENT_TYPES.map((type, i) => ({
        binding: String(i + 1),
        shown: [String(i + 1)],
        what: `only ${type}, or no longer`,
        run: () => toggleType(type),
      })),
      { binding: "x", shown: ["X"], what: "clear all filters", run: clearFilters },
    ],
  },
  {
    title: "Inspector",
    keys: [
      { shown: ["↑↓←→"], what: "move in the grid" },
      { shown: ["Enter"], what: "choose the cell; again: into its table" },
      { shown: ["U"], what: "up, to the table that leads here" },
      { binding: "Backspace", shown: ["Backspace"], what: "back", run: inspectBack },
    ],
  },
  {
    title: "Page",
    keys: [
      { binding: "e", shown: ["E"], what: "export", run: toggleExport },
      { binding: "c", shown: ["C"], what: "copy as command", run: copyCommand },
      { binding: "u", shown: ["U"], what: "copy a link to this view", run: copyLink },
      { binding: "d", shown: ["D"], what: "dark or light", run: toggleTheme },
      { binding: "Escape", shown: ["Esc"], what: "cancel, or close", run: cancelOrClose },
      { binding: "(\\?)", shown: ["?"], what: "this list", run: openHelp },
    ],
  },
];

export function startKeys(): void {
  const bindings: Record<string, (event: KeyboardEvent) => void> = {};
  for (const { binding, run } of KEY_TABLE.flatMap(({ keys }) => keys)) {
    if (binding === undefined || run === undefined) continue;
    const handle = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      run();
    };
    bindings[binding] = handle;
    // What stands on a shifted key comes with Shift.
    if (binding.startsWith("(")) bindings[`Shift+${binding}`] = handle;
  }
  tinykeys(window, bindings);
}

/** Letters that go into a field are no commands; Escape leaves the field. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  const isField = target.matches("textarea, select, input:not([type=radio]):not([type=file])");
  if (isField && event.key === "Escape") target.blur();
  return isField || document.querySelector("dialog[open]") !== null;
}

function focusOn(id: string): void {
  document.getElementById(id)?.focus();
}

function focusMap(): void {
  document.querySelector<HTMLElement>("#map button")?.focus();
}

function goToAddress(): void {
  if (answer.value === undefined) return;
  if (inspected.value === undefined) inspect({ va: 0n, level: undefined });
  requestAnimationFrame(() => focusOn("go-to"));
}

function cancelOrClose(): void {
  if (cancelLastTask()) return;
  if (inspected.value !== undefined) {
    inspect(undefined);
    focusOn("events");
  } else clearFilters();
}
