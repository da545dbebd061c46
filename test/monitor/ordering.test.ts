/** The order of a large batch: by page, stable, and its own inverse by `rearranged`; none where it would not pay. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arranged, pageOrder, rearranged } from "../../src/monitor/ordering.js";
import { Dice } from "../support/dice.js";

const LEAST = 4096;
const RUNS = 25;
const PAGE_BITS = 12n;
/** Pages farther apart than this are left as they stand. */
const WIDEST = 2 ** 32;

const arbitraryBatch = fc
  .record({
    seed: fc.nat(),
    length: fc.integer({ min: LEAST, max: LEAST + 3000 }),
    firstPage: fc.constantFrom(0n, 0x7fff_fff0n, 0xffff_ffffn, 0xf_ffff_0000n, (1n << 52n) - 2n ** 32n),
    pages: fc.constantFrom(2, 512, 2 ** 11, 2 ** 22 + 1, 2 ** 31 + 3, WIDEST - 1, WIDEST),
  })
  .map(({ seed, length, firstPage, pages }) => {
    const dice = new Dice(seed);
    const vas = BigUint64Array.from({ length }, () => ((firstPage + BigInt(dice.below(pages))) << PAGE_BITS) | BigInt(dice.below(4096)));
    return { vas, of: `seed ${seed}, ${length} in ${pages} pages from 0x${firstPage.toString(16)}` };
  })
  .map(({ vas, of }) => Object.assign(vas, { [fc.toStringMethod]: () => of }));

function naiveOrder(vas: BigUint64Array): number[] {
  const pages = Array.from(vas, (va) => va >> PAGE_BITS);
  return [...pages.keys()].sort((a, b) =>
    (pages[a] as bigint) < (pages[b] as bigint) ? -1 : (pages[a] as bigint) > (pages[b] as bigint) ? 1 : a - b,
  );
}

function span(vas: BigUint64Array): number {
  let least = vas[0] as bigint;
  let most = least;
  for (const va of vas) {
    if (va < least) least = va;
    if (va > most) most = va;
  }
  return Number((most >> PAGE_BITS) - (least >> PAGE_BITS));
}

describe("the order of a large batch", () => {
  test("is ascending by page and stable, so that of one address the first stays first", () => {
    fc.assert(
      fc.property(arbitraryBatch, (vas) => {
        const order = pageOrder(vas);
        expect(order && [...order]).toEqual(span(vas) < WIDEST ? naiveOrder(vas) : undefined);
      }),
      { numRuns: RUNS },
    );
  });

  test("arranging and rearranging by it gives the batch back, bit for bit", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 300 }), (seed, length) => {
        const dice = new Dice(seed);
        const values = BigUint64Array.from({ length }, () => (BigInt(dice.below(2 ** 32)) << 32n) | BigInt(dice.below(2 ** 32)));
        const order = Uint32Array.from(dice.shuffled(values.keys()));
        expect([...arranged(values, order)]).toEqual(Array.from(order, (place) => values[place]));
        expect(rearranged(arranged(values, order), order)).toEqual(values);
        expect(arranged(rearranged(values, order), order)).toEqual(values);
      }),
      { numRuns: 4 * RUNS },
    );
  });

  test("a view into a larger array is ordered by what it shows", () => {
    const vas = BigUint64Array.from({ length: LEAST + 7 }, (_, i) => BigInt((i * 7919) % 10007) << PAGE_BITS);
    const shown = vas.subarray(5);
    const order = pageOrder(shown) as Uint32Array;
    expect([...order]).toEqual(naiveOrder(shown));
    expect([...arranged(shown, order)]).toEqual(naiveOrder(shown).map((place) => shown[place]));
    expect(rearranged(arranged(shown, order), order)).toEqual(shown.slice());
  });

  test("there is none for a batch that fits the cache, one that ascends already, or one that lies too far apart", () => {
    const descending = (length: number): BigUint64Array => BigUint64Array.from({ length }, (_, i) => BigInt(length - i) << PAGE_BITS);
    expect(pageOrder(descending(LEAST - 1))).toBeUndefined();
    expect(pageOrder(descending(LEAST))).toBeDefined();
    expect(pageOrder(descending(LEAST).toReversed())).toBeUndefined();
    expect(pageOrder(new BigUint64Array(LEAST).fill(0xffff_8000_0000_0000n))).toBeUndefined();
    const apart = descending(LEAST);
    apart[0] = apart[LEAST - 1] + (BigInt(WIDEST) << PAGE_BITS);
    expect(pageOrder(apart)).toBeUndefined();
    apart[0] -= 1n << PAGE_BITS;
    expect([...(pageOrder(apart) as Uint32Array)]).toEqual(naiveOrder(apart));
    expect(pageOrder(new BigUint64Array(0))).toBeUndefined();
  });

  test("the two halves of the canonical addresses in one batch are left as they stand", () => {
    const vas = BigUint64Array.from({ length: LEAST }, (_, i) => (i % 2 === 0 ? 0xffff_8000_0000_0000n : 0n) + (BigInt(i) << PAGE_BITS));
    expect(pageOrder(vas)).toBeUndefined();
  });
});
