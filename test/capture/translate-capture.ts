/** Translates every page of every watched region at every step of a capture, and compares with the truth. */

import { openDump, PageTableMonitor } from "../../src/index.js";
import { PageComparison } from "./page-comparison.js";
import { type Capture, type Process, type Region, type Step, UNKNOWN_SIZE, vasOf } from "./truth.js";

export async function translateCapture(capture: Capture): Promise<PageComparison> {
  const comparison = new PageComparison();
  for (const step of capture.steps) {
    const dump = await openDump(step.dumpPath);
    const monitor = await PageTableMonitor.create({ memory: dump });
    for (const process of step.processes) compareProcess(monitor, `step ${step.number} ${step.label} ${process.role}`, process, comparison);
    monitor.dispose();
    dump.close();
  }
  return comparison;
}

function compareProcess(monitor: PageTableMonitor, about: string, process: Process, comparison: PageComparison): void {
  for (const region of process.regions) {
    const vas = vasOf(region);
    comparison.comparePas(about, region, monitor.translateMany(process.root, vas));
    comparison.compareSizes(about, region, translatedSizes(monitor, process, region, vas));
    if (process.kernelRoot !== undefined) {
      comparison.comparePas(`${about}, by the kernel's root,`, region, monitor.translateMany(process.kernelRoot, vas));
    }
  }
}

/** A batch answers no sizes: these come one by one, where the truth knows them. */
function translatedSizes(monitor: PageTableMonitor, { root }: Process, region: Region, vas: BigUint64Array): Uint32Array {
  return region.pageSizes.map((size, page) => {
    const va = vas[page];
    return size === UNKNOWN_SIZE || va === undefined ? UNKNOWN_SIZE : (monitor.translate({ va, root }).pageSize ?? UNKNOWN_SIZE);
  });
}

/** What the dump's notes say of the machine. */
export async function readNotes(step: Step): Promise<{
  readonly vcpuRoots: readonly (bigint | undefined)[];
  readonly archNames: readonly (string | undefined)[];
  readonly damage: readonly unknown[];
}> {
  const dump = await openDump(step.dumpPath);
  dump.close();
  return { vcpuRoots: dump.vcpus.map(({ root }) => root), archNames: dump.vcpus.map(({ arch }) => arch?.name), damage: dump.damage };
}
