/**
 * What was wrong with the dumps of a command: gathered while it says all that can be said, told at its end.
 *
 * Damage names the file, the offset, what was expected and what is there; a dump that cannot be opened at all has the
 * words of its error. Either makes the exit status 1. A table that a dump lacks is told of too, but is no problem: it
 * is a result.
 */

import type { UnreadableTable } from "../index.js";
import type { Architecture } from "../model/architecture.js";
import type { Damage, Dump } from "../model/dump.js";
import { PageTableError } from "../model/errors.js";
import { hex } from "../model/hex.js";
import { messageOf } from "./failure.js";
import { printable } from "./terminal/text.js";

/** Of one dump; the rest is counted. `info --json` lists all. */
const DAMAGE_LINES = 12;
/** Of one dump; the rest is counted. */
const UNREADABLE_LINES = 8;

export class Problems {
  readonly #messages: string[] = [];
  readonly #notes: string[] = [];
  /** By dump: tables that it lacks. */
  readonly #unreadable = new Map<string, number>();

  /**
   * Takes the damage of `dump` as it stands now: more may come to light while it is read, so call this when the dump is
   * done with.
   */
  addDamage(file: string, dump: Pick<Dump, "damage">): void {
    for (const damage of dump.damage.slice(0, DAMAGE_LINES)) this.#messages.push(`${file}: ${damageWords(damage)}`);
    const rest = dump.damage.length - DAMAGE_LINES;
    if (rest > 0) this.#messages.push(`${file}: ${rest} more places are damaged; ptm info --json lists them all`);
  }

  /** Takes an error that came of opening or reading `file`. */
  addError(file: string, error: unknown): void {
    const namesFile = error instanceof PageTableError && error.details.path === file;
    this.#messages.push(namesFile ? messageOf(error) : `${file}: ${messageOf(error)}`);
  }

  /** Takes a table that `file` was found to lack. */
  addUnreadable(file: string, arch: Architecture, table: UnreadableTable): void {
    const known = this.#unreadable.get(file) ?? 0;
    this.#unreadable.set(file, known + 1);
    if (known < UNREADABLE_LINES) this.#notes.push(`${file}: ${unreadableWords(arch, table)}`);
  }

  /** Takes what is worth knowing and no problem. */
  addNote(words: string): void {
    this.#notes.push(words);
  }

  /** Tables that dumps were found to lack. */
  get unreadableTables(): number {
    return [...this.#unreadable.values()].reduce((sum, tables) => sum + tables, 0);
  }

  /** No problem: notes make none. */
  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** One line a problem or note, fit for a terminal. */
  lines(): readonly string[] {
    const rest = Array.from(this.#unreadable, ([file, tables]) =>
      tables > UNREADABLE_LINES ? [`${file}: ${tables - UNREADABLE_LINES} more tables are not in the dump`] : [],
    );
    return [...this.#notes, ...rest.flat(), ...this.#messages].map(printable);
  }
}

function damageWords({ offset, expected, found }: Damage): string {
  return `at offset ${hex(offset)}: expected ${expected}, found ${found}`;
}

function unreadableWords(arch: Architecture, { gfn, level, va, entryPa }: UnreadableTable): string {
  const frame = `frame ${hex(gfn)}, which the dump does not hold`;
  if (entryPa === undefined) return `the top-level table lies in ${frame}: nothing is known of this address space`;
  const { name } = arch.describeEntry(level + 1, 0n);
  return `the ${name} at ${hex(entryPa)} leads to ${frame}: nothing is known of what lies below it, from VA ${hex(va)} on`;
}
