/**
 * What was wrong with the dumps of a command: gathered while it says all that can be said, told at its end.
 *
 * Damage names the file, the offset, what was expected and what is there; a dump that cannot be opened at all has the words
 * of its error. Either makes the exit status 1.
 */

import type { Damage, Dump } from "../model/dump.js";
import { PageTableError } from "../model/errors.js";
import { hex } from "../model/hex.js";
import { messageOf } from "./failure.js";
import { printable } from "./format/text.js";

/** Of one dump; the rest is counted. `info --json` lists all. */
const DAMAGE_LINES = 12;

export class Problems {
  private readonly messages: string[] = [];

  /** Takes the damage of `dump` as it stands now: more may come to light while it is read, so ask when it is done with. */
  addDamage(file: string, dump: Pick<Dump, "damage">): void {
    for (const damage of dump.damage.slice(0, DAMAGE_LINES)) {
      this.messages.push(`${file}: ${damageWords(damage)}`);
    }
    const rest = dump.damage.length - DAMAGE_LINES;
    if (rest > 0) {
      this.messages.push(`${file}: ${rest} more places are damaged; ptm info --json lists them all`);
    }
  }

  /** Takes an error that came of opening or reading `file`. */
  addError(file: string, error: unknown): void {
    const namesFile = error instanceof PageTableError && error.details.path === file;
    this.messages.push(namesFile ? messageOf(error) : `${file}: ${messageOf(error)}`);
  }

  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  /** One line a problem, fit for a terminal. */
  lines(): readonly string[] {
    return this.messages.map(printable);
  }
}

function damageWords({ offset, expected, found }: Damage): string {
  return `at offset ${hex(offset)}: expected ${expected}, found ${found}`;
}
