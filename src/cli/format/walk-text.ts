/**
 * A walk for a person: its entries from the top down, what their bits say in short, and how it ended.
 */

import { FRAME_SIZE } from "../../model/address.js";
import type { Architecture, EntryDescription } from "../../model/architecture.js";
import { assertNever } from "../../model/errors.js";
import { hex } from "../../model/hex.js";
import type { Fault, Translation, TranslationEntry } from "../../model/translation.js";
import { renderTable } from "../terminal/table.js";
import type { Paint, Terminal } from "../terminal/text.js";
import { byteSize, wrapped } from "../terminal/text.js";

const INDENT = "  ";
/** Names that several fields of one entry share: told apart by their bits. */
const SHARED_NAMES: Readonly<Record<string, string>> = { ignored: "ign", reserved: "reserved" };

export function walkText(translation: Translation, arch: Architecture, terminal: Terminal): string {
  const { paint } = terminal;
  const lines = [`${paint.bold(`VA ${hex(translation.va)}`)}  ${paint.dim(`root ${hex(translation.root)}, ${arch.name}`)}`];
  if (translation.entries.length > 0) {
    const rows = translation.entries.map((entry) => entryRow(entry, arch.describeEntry(entry.level, entry.value), paint));
    const columns = [
      { head: "level", align: "right" as const },
      { head: "entry" },
      { head: "at PA" },
      { head: "value" },
      { head: "target" },
      { head: "flags" },
    ];
    lines.push(renderTable(terminal, columns, rows));
  }
  lines.push(...wrapped(`${INDENT}${outcome(translation, arch, paint)}`, terminal.width, `${INDENT}   `));
  return `${lines.join("\n")}\n`;
}

function entryRow(entry: TranslationEntry, description: EntryDescription, paint: Paint): string[] {
  const target = description.target === undefined ? "" : hex(description.target);
  return [`${entry.level}`, entry.name, hex(entry.pa), hex(entry.value), target, shortFlags(description, paint)];
}

/** Set bits by name, wider fields as `name=value`; what is left to software as `ign[11:9]=2`. */
function shortFlags({ kind, flags }: EntryDescription, paint: Paint): string {
  const words: string[] = [];
  for (const flag of flags) {
    if (flag.value === 0n) continue;
    const value = flag.bits.includes(":") ? `=${hex(flag.value)}` : "";
    const name = SHARED_NAMES[flag.name] === undefined ? flag.name : `${SHARED_NAMES[flag.name]}[${flag.bits}]`;
    words.push(`${name}${value}`);
  }
  const text = words.join(" ");
  switch (kind) {
    case "not-present":
      return paint.yellow(text === "" ? "not present" : `not present, ${text}`);
    case "malformed":
      return paint.red(`malformed: ${text}`);
    case "leaf":
    case "table":
      return text;
    default:
      return assertNever(kind);
  }
}

function outcome(translation: Translation, arch: Architecture, paint: Paint): string {
  const { pa, pageSize, fault } = translation;
  if (pa !== undefined && pageSize !== undefined) {
    return `${paint.green("=>")} ${paint.bold(`PA ${hex(pa)}`)} in a ${byteSize(pageSize)} page at ${hex(pa - (pa % BigInt(pageSize)))}`;
  }
  return `${paint.yellow("=>")} ${paint.bold("not backed")}, ${fault ?? "no fault given"}: ${faultWords(translation, fault, arch)}`;
}

function faultWords({ entries, root }: Translation, fault: Fault | undefined, arch: Architecture): string {
  const last = entries.at(-1);
  switch (fault) {
    case undefined:
      return "the walk did not end in a page";
    case "not-present":
      return last === undefined ? "no entry is present" : notPresentWords(last);
    case "reserved-bit":
      return last === undefined ? "an entry has a reserved bit set" : reservedWords(last, arch);
    case "unreadable-table":
      return unreadableWords(last, root, arch);
    default:
      return assertNever(fault);
  }
}

function notPresentWords(entry: TranslationEntry): string {
  const rest = entry.value === 0n ? "it is all zeros" : "its other bits are the guest's own notes: swapped out, say, or without any access";
  return `the ${entry.name} at ${hex(entry.pa)} (level ${entry.level}) has P clear; ${rest}`;
}

function reservedWords(entry: TranslationEntry, arch: Architecture): string {
  const culprits = arch
    .describeEntry(entry.level, entry.value)
    .flags.filter((flag) => flag.value !== 0n && flag.meaning.startsWith("reserved"))
    .map((flag) => `${flag.name === "reserved" ? "" : `${flag.name}, `}bit${flag.bits.includes(":") ? "s" : ""} ${flag.bits}`);
  const which = culprits.length === 0 ? "" : ` (${culprits.join("; ")})`;
  return `the ${entry.name} at ${hex(entry.pa)} (level ${entry.level}) is present and has reserved bits set${which}: a page fault on the processor too`;
}

function unreadableWords(last: TranslationEntry | undefined, root: bigint, arch: Architecture): string {
  const level = last === undefined ? arch.levels : last.level - 1;
  const name = level >= 1 ? arch.describeEntry(level, 0n).name : "entry";
  const tablePa = last === undefined ? root : (arch.describeEntry(last.level, last.value).target ?? root);
  const who = last === undefined ? "the root points there" : `the ${last.name} points there`;
  return `the ${name} lies in frame ${hex(tablePa / BigInt(FRAME_SIZE))} (PA ${hex(tablePa)}), which the dump does not hold; ${who}`;
}
