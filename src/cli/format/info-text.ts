/**
 * A dump for a person: what it holds, a strip of physical memory that shows where, its vCPUs, what is damaged.
 */

import { FRAME_SIZE } from "../../model/address.js";
import type { FrameRun } from "../../model/dump.js";
import { hex } from "../../model/hex.js";
import type { DumpInfo } from "../results/info.js";
import { renderTable } from "../terminal/table.js";
import type { Terminal } from "../terminal/text.js";
import { byteSize, counted, levelCharacter, printable, wrapped } from "../terminal/text.js";

const INDENT = "  ";
const LABEL_WIDTH = 9;
const WIDEST_STRIP = 96;
const DAMAGE_ROWS = 20;

/** `fileBytes` undefined: not known. */
export function infoText(dump: DumpInfo, fileBytes: number | undefined, terminal: Terminal): string {
  const { paint } = terminal;
  const frames = dump.runs.reduce((sum, run) => sum + run.count, 0);
  const lines = [paint.bold(printable(dump.file))];
  lines.push(labelled("format", dump.format, terminal));
  if (fileBytes !== undefined) lines.push(labelled("size", `${byteSize(fileBytes)} on disk`, terminal));
  lines.push(
    labelled("holds", `${counted(frames, "frame")} (${byteSize(frames * FRAME_SIZE)}) in ${counted(dump.runs.length, "run")}`, terminal),
  );
  lines.push(...memoryStrip(dump.runs, terminal));
  lines.push(...vcpuLines(dump, terminal));
  lines.push(...damageLines(dump, terminal));
  return `${lines.join("\n")}\n`;
}

function labelled(label: string, text: string, { paint }: Terminal): string {
  return `${INDENT}${paint.dim(label.padEnd(LABEL_WIDTH))}${text}`;
}

/** Physical memory from 0 to the last frame held, a power of two bytes a character. */
function memoryStrip(runs: readonly FrameRun[], terminal: Terminal): string[] {
  const lastRun = runs.at(-1);
  if (lastRun === undefined) return [];
  const end = lastRun.gfn + lastRun.count;
  const cells = Math.min(terminal.width - INDENT.length - LABEL_WIDTH - 2, WIDEST_STRIP);
  const framesPerCell = 2 ** Math.ceil(Math.log2(Math.max(1, end / cells)));
  const held = new Float64Array(Math.ceil(end / framesPerCell));
  for (const run of runs) {
    const runEnd = run.gfn + run.count;
    for (let cell = Math.floor(run.gfn / framesPerCell); cell * framesPerCell < runEnd; cell++) {
      const from = Math.max(run.gfn, cell * framesPerCell);
      held[cell] = (held[cell] ?? 0) + Math.min(runEnd, (cell + 1) * framesPerCell) - from;
    }
  }
  const strip = Array.from(held, (frames) => levelCharacter(frames, framesPerCell)).join("");
  const first = runs[0]?.gfn ?? 0;
  const scale = `PA ${hex(first * FRAME_SIZE)} to ${hex(end * FRAME_SIZE)}; a character is ${byteSize(framesPerCell * FRAME_SIZE)}, · nothing held, █ all`;
  const legend = wrapped(scale, terminal.width - INDENT.length - LABEL_WIDTH, "").map((line) =>
    labelled("", terminal.paint.dim(line), terminal),
  );
  return [labelled("memory", `${terminal.paint.cyan(strip)}`, terminal), ...legend];
}

function vcpuLines({ vcpus }: DumpInfo, terminal: Terminal): string[] {
  if (vcpus.length === 0) return [labelled("vCPUs", "no CPU notes: commands need --root PA", terminal)];
  const rows = vcpus.map((vcpu, i) => [
    `${i}`,
    vcpu.root === undefined ? "not given" : hex(vcpu.root),
    vcpu.arch === undefined ? "not given" : `${vcpu.arch.name} (${vcpu.arch.levels} levels, ${vcpu.arch.virtualAddressBits}-bit addresses)`,
  ]);
  return ["", renderTable(terminal, [{ head: "vCPU", align: "right" }, { head: "root" }, { head: "mode" }], rows)];
}

function damageLines({ damage }: DumpInfo, terminal: Terminal): string[] {
  if (damage.length === 0) return ["", `${INDENT}no damage: the file holds all that its headers promise`];
  const rows = damage
    .slice(0, DAMAGE_ROWS)
    .map(({ offset, expected, found }) => [hex(offset), `${printable(expected)}; found ${printable(found)}`]);
  const lines = ["", `${INDENT}${terminal.paint.red(`damaged: ${counted(damage.length, "place")}`)}`];
  lines.push(renderTable(terminal, [{ head: "offset", align: "right" }, { head: "expected" }], rows));
  if (damage.length > rows.length) lines.push(`${INDENT}… and ${counted(damage.length - rows.length, "more place")}; --json lists all`);
  return lines;
}
