/**
 * One monitor over all steps of a capture, watching every page of every region of every process from the step on at which
 * its root is known; what it says, and what it counts, is compared with what the truth and a naive walk expect.
 */

import { type Dump, openDump, PageTableMonitor } from "../../src/index.js";
import { ElfCore } from "../../tools/capture/lib/elf-core.mjs";
import { differences, expectedEvents, tagOf, VIEW } from "./expected-events.js";
import { translateNaively } from "./naive-translation.js";
import { PageComparison } from "./page-comparison.js";
import type { Transport } from "./transports.js";
import { type Capture, type Process, type Region, type Step, vasOf } from "./truth.js";

const FRAME_SIZE = 4096;

export interface ReplayedStep {
  readonly label: string;
  readonly pageIns: number;
  readonly pageOuts: number;
  /** None where every event was the expected one, in its place. */
  readonly differences: readonly string[];
}

export interface Counts {
  readonly addresses: number;
  readonly backed: number;
  readonly entries: number;
  readonly tables: number;
}

export interface Replay {
  /** From the second step on. */
  readonly steps: readonly ReplayedStep[];
  /** What monitoring answered for pages that came to be watched. */
  readonly taken: PageComparison;
  /** After each step. */
  readonly counts: readonly Counts[];
  readonly expectedCounts: readonly Counts[];
}

export async function replayCapture(capture: Capture, transportFrom: (first: Dump) => Transport): Promise<Replay> {
  const [firstStep] = capture.steps;
  if (firstStep === undefined) throw new Error(`${capture.folder} has no steps`);
  let dump = await openDump(firstStep.dumpPath);
  const transport = transportFrom(dump);
  const monitor = await PageTableMonitor.create({ memory: transport.memory, ...archOf(dump) });
  const steps: ReplayedStep[] = [];
  const taken = new PageComparison();
  const counts: Counts[] = [];
  const expectedCounts: Counts[] = [];
  let watched: readonly Process[] = [];

  for (const step of capture.steps) {
    const processes = step.processes;
    if (step !== firstStep) {
      forEachMissingRegion(watched, processes, (process, region) => release(monitor, process, region));
      const next = await openDump(step.dumpPath);
      const events = transport.advance(monitor, next);
      dump.close(); // only now: its frames could be asked for until the next one had been processed
      dump = next;
      steps.push({
        label: step.label,
        pageIns: events.filter(({ type }) => type === "page-in").length,
        pageOuts: events.filter(({ type }) => type === "page-out").length,
        differences: differences(events, expectedEvents(watched, processes)),
      });
    }
    forEachMissingRegion(processes, watched, (process, region) => {
      const pas = monitor.monitorMany(process.root, vasOf(region), VIEW, tagOf(process, region));
      taken.comparePas(`step ${step.number} ${step.label} ${process.role}`, region, pas);
    });
    watched = processes;
    counts.push({
      addresses: monitor.monitoredAddresses,
      backed: monitor.pagedInEntries,
      entries: monitor.monitoredEntries,
      tables: monitor.monitoredTables,
    });
    expectedCounts.push(countsAt(capture, step, processes));
  }
  monitor.dispose();
  dump.close();
  return { steps, taken, counts, expectedCounts };
}

/** Where the memory is no dump, its notes have to be handed on. */
function archOf(dump: Dump): { readonly arch?: NonNullable<Dump["vcpus"][number]["arch"]> } {
  const arch = dump.vcpus.find((vcpu) => vcpu.arch !== undefined)?.arch;
  return arch === undefined ? {} : { arch };
}

/** Regions of `these` that `those` do not have, of the same address space. */
function forEachMissingRegion(
  these: readonly Process[],
  those: readonly Process[],
  visit: (process: Process, region: Region) => void,
): void {
  for (const process of these) {
    const there = those.find(({ root }) => root === process.root)?.regions ?? [];
    for (const region of process.regions) {
      if (!there.some(({ start, pages }) => start === region.start && pages === region.pages)) visit(process, region);
    }
  }
}

/** A process that has ended: its root may be anything by now. */
function release(monitor: PageTableMonitor, { root }: Process, region: Region): void {
  for (const va of vasOf(region)) monitor.unmonitor({ va, root }, VIEW);
}

/** The naive walk takes longer than all the rest, and a capture is replayed in several ways. */
const countsByStep = new WeakMap<Step, Counts>();

function countsAt(capture: Capture, step: Step, processes: readonly Process[]): Counts {
  const counts = countsByStep.get(step) ?? countNaively(capture, step, processes);
  countsByStep.set(step, counts);
  return counts;
}

function countNaively(capture: Capture, step: Step, processes: readonly Process[]): Counts {
  const core = new ElfCore(step.dumpPath);
  const entryPas = new Set(processes.flatMap((process) => Array.from(translateNaively(core, capture.mode, process).entryPas)));
  const regions = processes.flatMap((process) => process.regions);
  return {
    addresses: regions.reduce((total, { pages }) => total + pages, 0),
    backed: regions.reduce((total, { backed }) => total + backed, 0),
    entries: entryPas.size,
    tables: new Set(Array.from(entryPas, (entryPa) => Math.floor(entryPa / FRAME_SIZE))).size,
  };
}
