/** Counts findings by what they are, and keeps a few examples of those that need a look. */

const EXAMPLES_KEPT = 3;
const MISMATCH = "MISMATCH: ";
const KNOWN = "known difference: ";

export class Tally {
  #counts = new Map();
  #examples = new Map();

  agree(what) {
    this.#count(`agree: ${what}`);
  }

  /** @param {() => string} describe */
  known(what, describe) {
    this.#count(KNOWN + what, describe);
  }

  /** @param {() => string} describe */
  mismatch(what, describe) {
    this.#count(MISMATCH + what, describe);
  }

  /** `agree` where the two are the same, else `mismatch`. */
  compare(what, same, describe) {
    if (same) this.agree(what);
    else this.mismatch(what, describe);
  }

  /** Takes in what another one counted. */
  add(other) {
    for (const [what, count] of other.#counts) this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
  }

  get mismatches() {
    let total = 0;
    for (const [what, count] of this.#counts) if (what.startsWith(MISMATCH)) total += count;
    return total;
  }

  /** One line a finding, those that need no look first. */
  lines() {
    return Array.from(this.#counts, ([what, count]) => {
      const examples = this.#examples.get(what) ?? [];
      return [`${what}: ${count}`, ...examples.map((example) => `    ${example}`)].join("\n");
    }).sort();
  }

  #count(what, describe) {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    if (describe === undefined) return;
    const examples = this.#examples.get(what) ?? [];
    if (examples.length < EXAMPLES_KEPT) examples.push(describe());
    this.#examples.set(what, examples);
  }
}
