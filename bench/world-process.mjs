/**
 * A process of its own for the rows of one world: no row runs among the garbage of another world. Started by run.mjs; what
 * it has measured goes to its parent, a row at a time.
 *
 * argument, as JSON: { world, rows, repetitions, library, yardstick, yardstickWorld }
 */

import { measureRow } from "./measure.mjs";
import { ROWS } from "./rows/all.mjs";
import { Setting } from "./setting.mjs";
import { worldNamed } from "./worlds.mjs";
import { Yardsticks } from "./yardsticks.mjs";

const { world, rows, repetitions, library, yardstick, yardstickWorld } = JSON.parse(process.argv[2]);
const yardsticks = new Yardsticks(yardstick, yardstickWorld);
const setting = new Setting(await import(library), worldNamed(world));
for (const row of ROWS.filter(({ id }) => rows.includes(id))) {
  process.send({ world, ...(await measureRow(row, setting, yardsticks, repetitions)) });
}
process.send({ world, flatNs: await yardsticks.flat() });
yardsticks.end();
process.disconnect();
