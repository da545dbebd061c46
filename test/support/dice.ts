/**
 * Chance that can be repeated: numbers that follow from a seed, for what fast-check would be slow to make piece by piece.
 *
 * A property draws the seed, so a failure names it. The same seed gives the same numbers on every machine.
 */

export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x5bd1e995) | 1;
  }

  /** An integer, 0 to `below` - 1; `below` is at most 2^32. */
  below(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor(((this.#state >>> 0) / 2 ** 32) * below);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  shuffled<T>(items: Iterable<T>): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const place = this.below(last + 1);
      [result[last], result[place]] = [result[place] as T, result[last] as T];
    }
    return result;
  }
}
