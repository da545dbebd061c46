/**
 * Every row that is timed in a world, in the order in which they run.
 *
 * A row: `prepare(setting)` once; then each time `before(state)`, untimed, `run(state)`, timed and synchronous, `units(state,
 * result)` and `check(state, result)`, untimed; `restore(state)` at the end.
 */

import { monitorRows } from "./monitor.mjs";
import { processRows } from "./process.mjs";
import { snapshotRows } from "./snapshot.mjs";
import { translateRows } from "./translate.mjs";
import { unmonitorRows } from "./unmonitor.mjs";

export const ROWS = [...translateRows, ...monitorRows, ...processRows, ...unmonitorRows, ...snapshotRows];
