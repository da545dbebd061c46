/**
 * Text for a terminal: colours where it has them, widths, numbers, and nothing that could steer it.
 *
 * Names of files, tags and words out of a dump come from strangers: control characters among them are shown, never
 * sent.
 */

import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";

export type Paint = ReturnType<typeof pc.createColors>;

/** What a table or timeline must know of where it is printed. */
export interface Terminal {
  readonly paint: Paint;
  /** Columns. */
  readonly width: number;
}

/** The stream's own word on what it is. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const DEFAULT_WIDTH = 80;
const NARROWEST_WIDTH = 40;
const WIDEST_WIDTH = 400;
const NO_BREAK = "\u00a0";
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach the terminal.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Colour where the stream is a terminal, unless NO_COLOR or TERM=dumb; FORCE_COLOR overrides. Width from it, COLUMNS,
 * or 80.
 */
export function terminalOf(stream: TerminalStream, env: Readonly<Record<string, string | undefined>>): Terminal {
  const isForced = (env.FORCE_COLOR ?? "") !== "" && env.FORCE_COLOR !== "0";
  const isRefused = (env.NO_COLOR ?? "") !== "" || env.FORCE_COLOR === "0" || env.TERM === "dumb";
  const columns = stream.columns ?? Number(env.COLUMNS);
  const width = Number.isInteger(columns) && columns > 0 ? columns : DEFAULT_WIDTH;
  return {
    paint: pc.createColors(isForced || (stream.isTTY === true && !isRefused)),
    width: Math.min(Math.max(width, NARROWEST_WIDTH), WIDEST_WIDTH),
  };
}

/** What is no terminal at all: a file, without colours. */
export function plainTerminal(width: number): Terminal {
  return { paint: pc.createColors(false), width };
}

/** `text` with its control characters written out. */
export function printable(text: string): string {
  return text.replace(CONTROL, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The end of `text`, in at most `width` characters: of a path the end tells it from its neighbours. */
export function shortened(text: string, width: number): string {
  const characters = [...printable(text)];
  return characters.length <= width ? characters.join("") : `…${characters.slice(characters.length - width + 1).join("")}`;
}

/** "1,234,567" */
export function count(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 page", "1,024 pages" */
export function counted(value: number, noun: string): string {
  const plural = /(s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** "412 KiB", "1.5 GiB": three digits at most. */
export function byteSize(bytes: number | bigint): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(1);
  return `${digits} ${units[unit]}`;
}

/** "12 s", "3 min", "2 h": of what is still to come, so rounded up. */
export function duration(seconds: number): string {
  const units = [
    { limit: 120, size: 1, name: "s" },
    { limit: 7200, size: 60, name: "min" },
    { limit: Number.POSITIVE_INFINITY, size: 3600, name: "h" },
  ] as const;
  const { size, name } = units.find(({ limit }) => seconds < limit) ?? units[2];
  return `${count(Math.ceil(seconds / size))} ${name}`;
}

/** One character for a part of a whole: a dot for none, then eighths; a part above zero is never shown as none. */
export function levelCharacter(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return "·";
  const eighth = Math.min(8, Math.max(1, Math.round((part / whole) * 8)));
  return "▁▂▃▄▅▆▇█".charAt(eighth - 1);
}

/** Columns that `text` takes on a terminal: colours take none. Of wide characters each counts one. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** `text` in lines of at most `width`, broken between words, those after the first behind `indent`. */
export function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const [i, word] of text.split(" ").entries()) {
    if (line.trim() !== "" && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line += i === 0 ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}

/** `items` with commas between them, in lines of at most `width`, broken between items where that is possible. */
export function wrappedList(items: readonly string[], width: number): string[] {
  const unbroken = items.map((item) => item.replaceAll(" ", NO_BREAK)).join(", ");
  return wrapped(unbroken, width, "").map((line) => line.replaceAll(NO_BREAK, " "));
}
