/**
 * What the listings for people have in common: columns of a fixed width, since the first row is out before the last is
 * known.
 */

import type { Access } from "../../index.js";
import type { Paint, Terminal } from "../terminal/text.js";
import { byteSize, printable, widthOf, wrapped } from "../terminal/text.js";

/** "0xffff888000000000" */
export const VA_WIDTH = 18;
/** "1023 KiB" */
export const SIZE_WIDTH = 8;
/** "rwxu!" */
export const ACCESS_WIDTH = 6;
/** Up to "0xfffffffffffff"; the last column that always fits. */
export const PA_WIDTH = 15;
export const GAP = "  ";

/** Signs before colours: `!` where it can be written and executed. */
export const WX_MARK = "!";
export const ACCESS_LEGEND = `r read, w write, x execute, u user mode; ${WX_MARK} writable and executable at once`;

export function isWritableAndExecutable({ write, execute }: Access): boolean {
  return write && execute;
}

/** "rw-u", with the mark behind it where it has it. */
export function accessText(access: Access, paint: Paint): string {
  const { read, write, execute, user } = access;
  const letters = `${read ? "r" : "-"}${write ? "w" : "-"}${execute ? "x" : "-"}${user ? "u" : "-"}`;
  return isWritableAndExecutable(access) ? paint.red(`${letters}${WX_MARK}`) : letters;
}

export function sizeText(length: bigint): string {
  return byteSize(length).padStart(SIZE_WIDTH);
}

/** A heading: what, in which words; two lines where the terminal is narrow. */
export function heading({ paint, width }: Terminal, what: string, details: readonly string[]): string {
  const head = printable(what);
  const rest = printable(details.join(", "));
  if (rest === "") return paint.bold(head);
  const isNarrow = widthOf(head) + GAP.length + widthOf(rest) > width;
  const lines = isNarrow ? ["", ...wrapped(`${GAP}${rest}`, width, GAP)] : [`${GAP}${rest}`];
  return `${paint.bold(head)}${lines.map((line) => paint.dim(line)).join("\n")}`;
}
