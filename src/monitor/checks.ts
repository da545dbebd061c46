/**
 * What comes in from callers, checked before anything is done.
 */

import { clearedRootIn } from "../arch/cleared-root.js";
import type { CoreMode } from "../arch/core-mode.js";
import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import { type AddressContext, checkAddress, nonCanonical } from "../model/address.js";
import { PageTableError } from "../model/errors.js";

const MOST_BYTES_MARKED = 2 ** 30;

export function checkSize(size: number): void {
  if (Number.isInteger(size) && size >= 0 && size <= MOST_BYTES_MARKED) return;
  throw new PageTableError("invalid-size", `size must be an integer from 0 to ${MOST_BYTES_MARKED} bytes, not ${String(size)}`);
}

/** Checks roots and clears them of PCID, PWT, PCD and bit 63: two spellings of one root are one address space. */
export class RootCleaner {
  readonly #mode: CoreMode;
  #last = 0n;
  #lastCleared = 0n;

  constructor(core: Core) {
    this.#mode = core.mode;
  }

  /** Throws AddressError for what is no address. */
  clear(root: bigint): bigint {
    if (root === this.#last) return this.#lastCleared; // calls come in runs of one root
    this.#lastCleared = clearedRootIn(this.#mode, root);
    this.#last = root;
    return this.#lastCleared;
  }
}

/** Single addresses, checked. What every call looks at is at hand, for these calls are the shortest. */
export class ContextCheck {
  readonly #roots: RootCleaner;
  readonly #batchIn: BigUint64Array;
  /** The upper half of the first of the batch. */
  readonly #high: Int32Array;
  readonly #virtualAddressBits: number;

  constructor(core: Core, roots: RootCleaner) {
    this.#roots = roots;
    this.#batchIn = core.batchIn;
    this.#high = new Int32Array(core.u8.buffer, layout.BATCH_IN + 4, 1);
    this.#virtualAddressBits = core.mode.virtualAddressBits;
  }

  /** Checks a context, leaves its VA as the first of the core's batch and answers its root, cleared. */
  take(ctx: AddressContext): bigint {
    if (typeof ctx !== "object" || ctx === null) throw new PageTableError("invalid-context", "an address is { va, root }, both bigint");
    const { va } = ctx;
    checkAddress(va, "va");
    const root = this.#roots.clear(ctx.root);
    this.#batchIn[0] = va;
    const high = this.#high[0] >> (this.#virtualAddressBits - 33); // bits 63 to `virtualAddressBits` - 1, the sign all the way
    if (high !== 0 && high !== -1) throw nonCanonical(va, this.#virtualAddressBits);
    return root;
  }
}

/** Throws AddressError with `details.index` for the first VA that is not canonical. */
export function checkVas(core: Core, vas: BigUint64Array): void {
  if (!(vas instanceof BigUint64Array)) throw new PageTableError("invalid-vas", "vas must be a BigUint64Array");
  const bits = core.mode.virtualAddressBits;
  for (let from = 0; from < vas.length; from += layout.BATCH_LENGTH) {
    const count = core.fillBatch(vas, from, vas.length);
    const place = core.exports.firstNonCanonical(count, bits);
    if (place < count) throw nonCanonical(vas[from + place], bits, { index: from + place });
  }
}

export function checkTagCount<Tag>(vas: BigUint64Array, tags: Tag | readonly Tag[]): void {
  if (!Array.isArray(tags) || tags.length === vas.length) return;
  const details = { expected: vas.length, found: tags.length };
  throw new PageTableError(
    "tag-count",
    `${vas.length} addresses need ${vas.length} tags, or one for all; there are ${tags.length}`,
    details,
  );
}
