/**
 * A process of its own for the rows of one world of whole address spaces. Started by run.mjs, as world-process.mjs is.
 *
 * argument, as JSON: { world, rows, repetitions, library, folder, yardstick, yardstickWorld }
 */

import { measureRow } from "./measure.mjs";
import { spaceRows } from "./rows/space.mjs";
import { spaceWorldNamed } from "./space-worlds.mjs";
import { SpaceYardsticks } from "./space-yardsticks.mjs";
import { Yardsticks } from "./yardsticks.mjs";

const { world: name, rows, repetitions, library, folder, yardstick, yardstickWorld } = JSON.parse(process.argv[2]);
const imported = await import(library);
const state = { library: imported, world: await spaceWorldNamed(name, { library: imported, folder }) };
const compare = /^(states|scattered)/.test(name) ? new Yardsticks(yardstick, yardstickWorld) : undefined;
const yardsticks = new SpaceYardsticks(state.world, compare);
for (const row of spaceRows.filter(({ id }) => rows.includes(id))) {
  process.send({ world: name, ...(await measureRow({ prepare: () => state, ...row }, state, yardsticks, repetitions)) });
}
compare?.end();
process.disconnect();
