/**
 * Reproducible randomness: the same seed gives the same world on every machine.
 */

/** A generator of integers 0 ≤ x < bound (xorshift32, scaled). */
export function createRandom(seed) {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Shuffles `items[from … to)` in place. */
export function shuffle(items, random, from = 0, to = items.length) {
  for (let i = to - 1; i > from; i--) {
    const j = from + random(i - from + 1);
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
  return items;
}
