/**
 * What was found out of a candidate, as numbers in shared memory: a slot each.
 *
 *   0 GFN      1 plausible   2 plausible if held   3 plausible in the lower half
 *   4 tables   5 malformed   6 self-map            7 in use                        8… targets
 *
 * What is undefined is NaN; a slot that nobody has written to is not in use.
 */

import * as layout from "../../core/layout.js";
import type { RootFacts } from "../../space/roots/scan.js";

const IN_USE = 1;
const TARGETS = 8;
const SLOT_LENGTH = TARGETS + layout.ENTRIES;
export const SLOT_BYTES = 8 * SLOT_LENGTH;

export function encodeFacts(facts: RootFacts, slots: SharedArrayBuffer, slot: number): void {
  const { gfn, plausible, plausibleHeld, plausibleLower, tables, malformed, selfMap, targets } = facts;
  const numbers = new Float64Array(slots, slot * SLOT_BYTES, SLOT_LENGTH);
  numbers.set([gfn, orNone(plausible), orNone(plausibleHeld), orNone(plausibleLower), tables, malformed, orNone(selfMap), IN_USE]);
  numbers.set(targets, TARGETS);
}

export function decodeFacts(slots: SharedArrayBuffer, slot: number): RootFacts | undefined {
  const numbers = new Float64Array(slots, slot * SLOT_BYTES, SLOT_LENGTH);
  const [gfn, plausible, plausibleHeld, plausibleLower, tables, malformed, selfMap, use] = numbers;
  if (use !== IN_USE) return undefined;
  return {
    gfn,
    plausible: fromNone(plausible),
    plausibleHeld: fromNone(plausibleHeld),
    plausibleLower: fromNone(plausibleLower),
    tables,
    malformed,
    selfMap: fromNone(selfMap),
    targets: new Float64Array(numbers.subarray(TARGETS)),
  };
}

function orNone(value: number | undefined): number {
  return value ?? Number.NaN;
}

function fromNone(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
