/**
 * Which address space a command looks into: the root and the paging mode.
 *
 * The command line comes first, then the dump's CPU notes; the mode falls back to amd64, the root to nothing. Guessing
 * a root would give answers that look right.
 */

import { amd64, architectureByName, architectureNames, clearedRoot } from "../index.js";
import type { Architecture } from "../model/architecture.js";
import type { Dump } from "../model/dump.js";
import { UsageError } from "./failure.js";

/** What the command line says of it; undefined where it says nothing. */
export interface SpaceChoice {
  readonly root: bigint | undefined;
  readonly arch: Architecture | undefined;
}

export interface AddressSpace {
  /** Without what is no address bit of it. */
  readonly root: bigint;
  readonly arch: Architecture;
}

/** Throws UsageError where no mode has that name. */
export function chooseArchitecture(name: string | undefined): Architecture | undefined {
  if (name === undefined) return undefined;
  const arch = architectureByName(name);
  if (arch === undefined) throw new UsageError(`--arch ${name}: no such paging mode; there are ${architectureNames.join(", ")}`);
  return arch;
}

/** Throws UsageError where neither the command line nor the notes of `dump` give a root. */
export function findAddressSpace(file: string, dump: Pick<Dump, "vcpus">, choice: SpaceChoice): AddressSpace {
  const vcpu = dump.vcpus.find((candidate) => candidate.root !== undefined);
  const root = choice.root ?? vcpu?.root;
  if (root === undefined) throw new UsageError(`${file} has no CPU notes that give a root: say it with --root PA`);
  const noted = choice.root === undefined ? vcpu : dump.vcpus.find((candidate) => candidate.arch !== undefined);
  const arch = choice.arch ?? noted?.arch ?? amd64();
  return { root: clearedRoot(root, arch), arch };
}
