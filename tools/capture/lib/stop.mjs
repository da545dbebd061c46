/**
 * Stops the machine at a moment when the parent runs in user mode, its tables being at rest then, and when every process
 * has been seen in user mode at some stop since the step began: that is how their roots are known from outside.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { CaptureError } from "./command.mjs";
import { hex } from "./hex.mjs";

const RUN_MS = 15;
const MOST_STOPS = 2000;
/** With page-table isolation the user's root lies one page above the kernel's (the kernel's PTI_USER_PGTABLE_BIT). */
const USER_ROOT_BIT = 0x1000n;

/**
 * Answers the CPUs at the final stop, the index of the parent's, how many stops it took, and the processes with their roots.
 * @param {import("./machine.mjs").Machine} machine
 * @param {readonly object[]} processes as the guest reported them
 */
export async function stopInWorkload(machine, settings, processes) {
  const roots = new Map();
  const byMagic = new Map(processes.map((process) => [BigInt(process.magic), process]));
  for (let stops = 1; stops <= MOST_STOPS; stops++) {
    await sleep(RUN_MS);
    await machine.qmp.run("stop");
    const cpus = [];
    for (let index = 0; index < settings.smp; index++) cpus.push(await settings.architecture.readCpu(machine, index));
    const running = cpus.map((cpu) => (cpu.inUserMode ? byMagic.get(cpu.magic) : undefined));
    for (const [index, process] of running.entries()) {
      if (process !== undefined) roots.set(process, cpus[index].root);
    }
    const parentCpu = running.findIndex((process) => process?.role === "parent");
    if (parentCpu >= 0 && roots.size === processes.length) {
      return {
        cpus: cpus.map(registersOf),
        parentCpu,
        stops,
        processes: processes.map((process) => withRoot(process, roots.get(process), settings)),
      };
    }
    await machine.qmp.run("cont");
  }
  throw new CaptureError(`the workload was not seen in user mode at ${MOST_STOPS} stops`);
}

function withRoot(process, root, { pti }) {
  return { ...process, root: hex(root), ...(pti ? { kernelRoot: hex(root & ~USER_ROOT_BIT) } : {}) };
}

function registersOf({ registers }) {
  return Object.fromEntries(Object.entries(registers).map(([name, value]) => [name, hex(value)]));
}
