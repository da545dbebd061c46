/**
 * Runs scenarios one after another, a block of them on one monitor, and reports the first failure as small as it gets.
 *
 * A monitor costs more to make than a scenario to play; and one that has lived through other scenarios, its tables and
 * slots used and freed, must be as good as a new one. What fails on a used monitor alone is reported with the seeds before.
 */

import type { CreateMonitor, Monitor, SubjectOptions } from "../subject.js";
import { BLOCK, generateScenario } from "./generate.js";
import { type Difference, runScenario, type TakeMonitor } from "./run.js";
import { describeScenario, type Scenario } from "./scenario.js";
import { shrink } from "./shrink.js";

export interface Failure {
  readonly seed: number;
  readonly report: string;
}

/** Seeds `from` to `to` - 1; answers the first that fails. */
export async function runSeries(from: number, to: number, createMonitor: CreateMonitor): Promise<Failure | undefined> {
  let used: Monitor | undefined;
  try {
    for (let seed = from; seed < to; seed++) {
      if (seed % BLOCK === 0) {
        used?.dispose();
        used = undefined;
      }
      const take: TakeMonitor = async (options) => {
        used = await renewed(used, options, createMonitor);
        return used;
      };
      const scenario = generateScenario(seed);
      const difference = await playSafely(scenario, take);
      if (difference !== undefined) {
        used = undefined;
        return { seed, report: await report(scenario, difference, createMonitor) };
      }
    }
    return undefined;
  } finally {
    used?.dispose();
  }
}

/** The monitor so far, led to the new memory; a new one where there is none. */
async function renewed(used: Monitor | undefined, options: SubjectOptions, createMonitor: CreateMonitor): Promise<Monitor> {
  if (used === undefined) {
    return createMonitor(options);
  }
  used.processSnapshot(options.memory);
  return used;
}

async function report(scenario: Scenario, difference: Difference, createMonitor: CreateMonitor): Promise<string> {
  const playAlone = async (candidate: Scenario): Promise<Difference | undefined> => {
    let monitor: Monitor | undefined;
    const found = await playSafely(candidate, async (options) => {
      monitor = await createMonitor(options);
      return monitor;
    });
    try {
      monitor?.dispose();
    } catch {
      // It has failed already.
    }
    return found;
  };
  if ((await playAlone(scenario)) === undefined) {
    const first = scenario.seed - (scenario.seed % BLOCK);
    return `${describeScenario(scenario)}\nonly on a monitor that played seeds ${first} to ${scenario.seed - 1} before\n${tell(difference)}`;
  }
  const small = await shrink(scenario, async (candidate) => (await playAlone(candidate)) !== undefined);
  return `${describeScenario(small)}\n${tell((await playAlone(small)) ?? difference)}`;
}

/** An error that no operation should throw is a difference too. */
async function playSafely(scenario: Scenario, takeMonitor: TakeMonitor): Promise<Difference | undefined> {
  try {
    return await runScenario(scenario, takeMonitor);
  } catch (error) {
    return { step: -1, text: `the run itself threw ${error instanceof Error ? error.stack : String(error)}` };
  }
}

function tell({ step, text }: Difference): string {
  return `at operation ${step}, ${text}`;
}
