/** Makes a failing scenario small: leaves out operations, in blocks and then one by one, for as long as it still fails. */

import type { Operation, Scenario } from "./scenario.js";

export async function shrink(scenario: Scenario, fails: (candidate: Scenario) => Promise<boolean>): Promise<Scenario> {
  let operations = scenario.operations;
  for (let block = Math.max(1, operations.length >> 1); ; block = Math.max(1, block >> 1)) {
    const shorter = await withoutBlocks(scenario, operations, block, fails);
    const progress = shorter.length < operations.length;
    operations = shorter;
    if (block === 1 && !progress) {
      break;
    }
  }
  let world = scenario.world;
  for (const entry of scenario.world.entries) {
    const candidate = { ...world, entries: world.entries.filter((other) => other !== entry) };
    if (await fails({ ...scenario, world: candidate, operations })) {
      world = candidate;
    }
  }
  return { ...scenario, world, operations };
}

async function withoutBlocks(
  scenario: Scenario,
  operations: readonly Operation[],
  block: number,
  fails: (candidate: Scenario) => Promise<boolean>,
): Promise<readonly Operation[]> {
  let kept = operations;
  for (let from = 0; from < kept.length; ) {
    const candidate = [...kept.slice(0, from), ...kept.slice(from + block)];
    if (await fails({ ...scenario, operations: candidate })) {
      kept = candidate;
    } else {
      from += block;
    }
  }
  return kept;
}
