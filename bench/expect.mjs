/**
 * A figure counts only where the answer is right: every repetition's result is looked at, outside the timing.
 */

const STRIDE = 997;

export function expectEqual(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`);
}

/** Looks at every 997th PA of a batch in one of a space's orders. */
export function expectPas(space, order, pas) {
  expectEqual(pas.length, space.vas.length, "PAs");
  for (let i = 0; i < pas.length; i += STRIDE) expectEqual(pas[i], space.pas[space.orders[order][i]], `PA ${i}`);
}
