/**
 * What both the monitor and the listings ask of the guest memory that they are given, before anything is read.
 */

import { amd64 } from "../arch/amd64.js";
import type { Architecture } from "../model/architecture.js";
import { PageTableError } from "../model/errors.js";
import type { GuestMemory } from "../model/memory.js";

export function checkMemory(memory: GuestMemory): void {
  if (typeof memory !== "object" || memory === null || typeof memory.readFrame !== "function") {
    throw new PageTableError("invalid-memory", "memory must have a method readFrame(gfn, target)");
  }
}

export function checkMaximumFrames(maximumFrames: number | undefined): void {
  if (maximumFrames === undefined || (Number.isInteger(maximumFrames) && maximumFrames > 0)) return;
  throw new PageTableError("invalid-maximum-frames", `maximumFrames must be an integer above 0, not ${String(maximumFrames)}`);
}

/** The mode that the notes of a dump give, if it is a dump and they give one. */
export function notedMode(memory: GuestMemory): Architecture | undefined {
  const { vcpus } = memory as { readonly vcpus?: readonly { readonly arch?: Architecture }[] };
  return vcpus?.find((vcpu) => vcpu.arch)?.arch;
}

/** The mode that a dump's notes give, else the usual one. */
export function architectureOf(memory: GuestMemory): Architecture {
  return notedMode(memory) ?? amd64();
}
