/**
 * What a dump's headers promise and it does not hold, or contradict, as it is found.
 *
 * The list is bounded, since a small file can contradict itself millions of times: past the bound one last entry counts the
 * rest, and says what was found last: that no more was looked for, it may be.
 */

import type { Damage } from "../model/dump.js";

export const MAXIMUM_DAMAGE_LISTED = 4096;

export class DamageList {
  readonly #entries: Damage[] = [];
  #unlisted = 0;

  /** The same array always, growing. */
  get entries(): readonly Damage[] {
    return this.#entries;
  }

  /** `offset` is where in the dump it is seen; both sentences are for a person. */
  add(offset: number, expected: string, found: string): void {
    if (this.#entries.length < MAXIMUM_DAMAGE_LISTED) {
      this.#entries.push({ offset, expected, found });
      return;
    }
    this.#unlisted++;
    this.#entries[MAXIMUM_DAMAGE_LISTED] = {
      offset,
      expected: "a dump without further damage",
      found: `${this.#unlisted} more such places, not listed; at this one, the last, ${found}`,
    };
  }
}
