/** The naive monitor's checks at the door, in the order in which the arguments stand. */

import type { AddressContext, VcpuId, View } from "../../src/model/address.js";
import { AddressError, PageTableError } from "../../src/model/errors.js";
import { clearRoot, isCanonicalFor } from "./walker.js";

const LAST_ID = 0xffff;
const LARGEST_SIZE = 2 ** 30;

export function checkedContext(ctx: AddressContext, levels: 4 | 5): AddressContext {
  if (typeof ctx !== "object" || ctx === null) {
    throw new PageTableError("not-a-context", "an address context is expected");
  }
  checkedBigint(ctx.va, 64n);
  const root = checkedRoot(ctx.root);
  checkCanonical(ctx.va, levels, {});
  return { va: ctx.va, root };
}

export function checkedRoot(root: bigint): bigint {
  checkedBigint(root, 64n);
  return clearRoot(root);
}

export function checkVas(vas: BigUint64Array, levels: 4 | 5): void {
  if (!(vas instanceof BigUint64Array)) {
    throw new PageTableError("not-a-biguint64array", "a BigUint64Array of VAs is expected");
  }
  vas.forEach((va, index) => {
    checkCanonical(va, levels, { index });
  });
}

export function checkTags(tags: unknown, count: number): void {
  if (Array.isArray(tags) && tags.length !== count) {
    throw new PageTableError("tag-count", `${tags.length} tags for ${count} addresses`);
  }
}

export function checkPa(pa: bigint): void {
  checkedBigint(pa, 52n);
}

export function checkIds(...ids: readonly (View | VcpuId)[]): void {
  for (const id of ids) {
    if (!Number.isInteger(id) || id < 0 || id > LAST_ID) {
      throw new PageTableError("invalid-id", `${String(id)} is no view and no vCPU`);
    }
  }
}

export function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 0 || size > LARGEST_SIZE) {
    throw new PageTableError("invalid-size", `${String(size)} is no size`);
  }
}

export function checkMemory(memory: unknown): void {
  if (typeof (memory as { readFrame?: unknown } | null | undefined)?.readFrame !== "function") {
    throw new PageTableError("not-a-memory", "guest memory has a readFrame");
  }
}

function checkedBigint(value: bigint, bits: bigint): void {
  if (typeof value !== "bigint") {
    throw new PageTableError("not-a-bigint", `${String(value)} is no bigint`);
  }
  if (value < 0n) {
    throw new AddressError("negative-address", `${value} is negative`);
  }
  if (value >> bits !== 0n) {
    throw new AddressError("address-too-large", `${value} has more than ${bits} bits`);
  }
}

function checkCanonical(va: bigint, levels: 4 | 5, details: Readonly<Record<string, unknown>>): void {
  if (!isCanonicalFor(levels, va)) {
    throw new AddressError("non-canonical-address", `0x${va.toString(16)} is not canonical`, details);
  }
}
