/**
 * Addresses as they come in: virtual (VA), physical (PA), roots, views and vCPUs, and the checks at the door.
 *
 * An address is a `bigint` from 0 to 2^64-1, never signed; a guest frame number (GFN, PA >> 12) is a `number`, since a
 * physical address has 52 bits at most (SDM 3A 4.1.4).
 */

import { AddressError, PageTableError } from "./errors.js";
import { hex } from "./hex.js";

/** A virtual address and the physical address of the top-level table it is translated by. */
export interface AddressContext {
  readonly va: bigint;
  readonly root: bigint;
}

/** Number of an alternate second-stage mapping; 0 where there is only one. */
export type View = number;
export type VcpuId = number;

/** Bytes of a frame, and of a page-table page. */
export const FRAME_SIZE = 4096;
export const PHYSICAL_ADDRESS_LIMIT = 1n << 52n;
/** The end of the virtual address space: a range may end there. */
export const ADDRESS_LIMIT = 1n << 64n;
const FRAME_BITS = 12n;
const LARGEST_ID = 0xffff;
const NO_DETAILS = {};

/** The frame that `pa` lies in. */
export function gfnOf(pa: bigint): number {
  return Number(pa >> FRAME_BITS);
}

/** PA of a frame's first byte. */
export function paOf(gfn: number): bigint {
  return BigInt(gfn) << FRAME_BITS;
}

/** Throws AddressError unless `value` is a bigint with 0 <= value < 2^64. */
export function checkAddress(value: bigint, what: string, details: Readonly<Record<string, unknown>> = NO_DETAILS): void {
  if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) return;
  refuse(value, "2^64", what, details);
}

/** Throws AddressError unless `value` is a bigint with 0 <= value < 2^52. */
export function checkPhysicalAddress(value: bigint, what: string): void {
  if (typeof value === "bigint" && BigInt.asUintN(52, value) === value) return;
  refuse(value, "2^52", what, NO_DETAILS);
}

function refuse(value: unknown, limitName: string, what: string, details: Readonly<Record<string, unknown>>): never {
  if (typeof value !== "bigint") {
    throw new PageTableError("not-a-bigint", `${what} must be a bigint, not ${typeof value}`, { ...details, what });
  }
  if (value < 0n) {
    throw new AddressError("negative-address", `${what} is negative: ${value}`, { ...details, what, address: value });
  }
  throw new AddressError("address-too-large", `${what} ${hex(value)} is not below ${limitName}`, { ...details, what, address: value });
}

/** True where bits 63 … `virtualAddressBits` - 1 of `va` are all equal (SDM 1 3.3.7.1). */
export function isCanonical(va: bigint, virtualAddressBits: number): boolean {
  return BigInt.asUintN(64, BigInt.asIntN(virtualAddressBits, va)) === va;
}

/** The error for a VA that is not canonical. */
export function nonCanonical(va: bigint, virtualAddressBits: number, details: Readonly<Record<string, unknown>> = {}): AddressError {
  return new AddressError("non-canonical-address", `${hex(va)} is not canonical: bits 63 to ${virtualAddressBits - 1} must all be equal`, {
    ...details,
    what: "va",
    address: va,
  });
}

/** Throws PageTableError unless `id` is an integer from 0 to 65535. */
export function checkId(id: number, what: "view" | "vcpuId"): void {
  if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID) {
    throw new PageTableError(
      `invalid-${what === "view" ? "view" : "vcpu"}`,
      `${what} must be an integer from 0 to ${LARGEST_ID}, not ${String(id)}`,
      {
        [what]: typeof id === "number" ? id : String(id),
      },
    );
  }
}
