/**
 * `ptm info DUMP`: what a dump says of itself.
 */

import type { Damage, Dump, FrameRun, Vcpu } from "../../model/dump.js";

/** As `--json` prints it. */
export interface DumpInfo {
  readonly file: string;
  readonly format: string;
  readonly runs: readonly FrameRun[];
  readonly vcpus: readonly Vcpu[];
  readonly damage: readonly Damage[];
}

/** Copies what is said of `dump`: it may be closed afterwards. */
export function info(file: string, dump: Dump): DumpInfo {
  return { file, format: dump.format, runs: [...dump.runs], vcpus: [...dump.vcpus], damage: [...dump.damage] };
}
