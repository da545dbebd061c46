/**
 * The address spaces of a dump for a person: best first, why, and which two belong together.
 */

import type { RootCandidate } from "../../index.js";
import { hex } from "../../model/hex.js";
import { count, counted, type Terminal, widthOf, wrapped } from "../terminal/text.js";
import { heading } from "./listing.js";

const ROOT_WIDTH = 15;
const SCORE_WIDTH = 5;
const INDENT = " ".repeat(ROOT_WIDTH + SCORE_WIDTH + 4);

export function rootsText(file: string, found: readonly RootCandidate[], terminal: Terminal): string {
  const { paint, width } = terminal;
  const modes = [...new Set(found.map(({ arch }) => arch.name))];
  const lines = [heading(terminal, file, [counted(found.length, "address space"), ...modes])];
  if (found.length === 0) {
    lines.push("no page of this dump looks like a top-level table");
    return `${lines.join("\n")}\n`;
  }
  lines.push(paint.dim(`${"root".padStart(ROOT_WIDTH)}  ${"score".padStart(SCORE_WIDTH)}  why`));
  for (const candidate of found) lines.push(...candidateLines(candidate, terminal, width));
  return `${lines.join("\n")}\n`;
}

/** A reason a line: they are sentences, and the weightiest stands first. */
function candidateLines({ root, score, reasons, isolation }: RootCandidate, { paint }: Terminal, width: number): string[] {
  const head = `${paint.bold(hex(root).padStart(ROOT_WIDTH))}  ${paint.cyan(count(Math.round(score)).padStart(SCORE_WIDTH))}  `;
  // The pair has a mark of its own: it is looked for.
  const pair = isolation === undefined ? [] : [`${isolation.role} root, pair with ${hex(isolation.partner)}`];
  const words = [...pair.map((text) => paint.yellow(text)), ...reasons.filter((reason) => pair.length === 0 || !isPairReason(reason))];
  const lines = words.flatMap((reason) => wrapped(`${INDENT}${reason}`, width, `${INDENT}  `));
  const [first = INDENT, ...rest] = lines;
  return [`${head}${first.slice(INDENT.length)}`, ...rest].map((line) => (widthOf(line) === 0 ? line : line.trimEnd()));
}

function isPairReason(reason: string): boolean {
  return reason.startsWith("page-table isolation:");
}
