/**
 * The machine that figures come from: without it they say nothing.
 */

import { cpus, release, totalmem } from "node:os";

export function describeMachine(compiler, flatNs) {
  const [cpu] = cpus();
  return {
    processor: `${cpu.model} (${cpus().length} cores)`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${/^\d+\.\d+/.exec(release())?.[0] ?? release()}, ${process.arch}`,
    node: process.version,
    compiler: compiler ?? "none: the native column is left out",
    ...(flatNs && { flatWalk: `${flatNs.toFixed(0)} ns` }),
    date: new Date().toISOString().slice(0, 10),
  };
}
