/**
 * The colours that the drawings take from the style sheet, so that dark and light are said once.
 */

import { EVENT_TYPES, type EventType } from "../model/events.js";

export interface Palette {
  readonly surface: string;
  readonly sunken: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly text: string;
  readonly textQuiet: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly danger: string;
  readonly table: string;
  readonly leaf: string;
  readonly type: Readonly<Record<EventType, string>>;
}

let known: Palette | undefined;

export function palette(): Palette {
  known ??= readPalette();
  return known;
}

/** After dark and light have changed places. */
export function forgetPalette(): void {
  known = undefined;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    surface: read("--surface"),
    sunken: read("--sunken"),
    line: read("--line"),
    lineStrong: read("--line-strong"),
    text: read("--text"),
    textQuiet: read("--text-quiet"),
    accent: read("--accent"),
    accentSoft: read("--accent-soft"),
    danger: read("--danger"),
    table: read("--cell-table"),
    leaf: read("--cell-leaf"),
    type: Object.fromEntries(EVENT_TYPES.map((type) => [type, read(`--${type}`)])) as Record<EventType, string>,
  };
}
