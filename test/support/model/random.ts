/** Seeded random numbers: the same seed gives the same scenario on every machine. */

const GOLDEN = 0x9e3779b9;

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ GOLDEN) >>> 0;
    // Seeds that follow one another must not give streams that resemble one another.
    for (let i = 0; i < 4; i++) {
      this.next();
    }
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + GOLDEN) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** As `below`, the small ones more often: so that what is picked by it meets. */
  skewedBelow(limit: number): number {
    return Math.min(this.below(limit), this.below(limit));
  }

  /** An integer from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** One of the keys, each as often as its weight says. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const keys = Object.keys(weights) as Key[];
    let left = this.below(keys.reduce((sum, key) => sum + weights[key], 0));
    for (const key of keys) {
      left -= weights[key];
      if (left < 0) {
        return key;
      }
    }
    throw new Error("the weights changed while they were summed");
  }
}
