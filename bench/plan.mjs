/**
 * Which worlds run which rows, how often. The full plan is the one whose figures are kept.
 *
 * A sparse world has a table for each address, and one PDPT leads to 262,144 of them.
 */

import { SPACE_TARGETS, TARGETS } from "./targets.mjs";

const NO_PROCESS_OF_ITS_OWN = ["memory", "monitor-many-cold"];
const TIMED = TARGETS.map(({ row }) => row).filter((row) => !NO_PROCESS_OF_ITS_OWN.includes(row));
const GROWING = TARGETS.filter(({ growth }) => growth).map(({ row }) => row);
/** What differs where tables are shared or many. */
const TELLING = [
  "translate-random",
  "monitor-many-first",
  "monitor-many",
  "monitor-many-random",
  "monitor-random",
  "change-tenth-columns",
  "pdpte-cleared-columns",
  "pdpte-set-columns",
  "unmonitor-by-table",
  "unmonitor-random",
  "unmonitor-all",
  "snapshot-unchanged",
];

const FULL = [
  { world: "dense-1m", rows: TIMED, repetitions: 15, fresh: 3 },
  { world: "packed-1m", rows: ["snapshot-unchanged"], repetitions: 25 },
  { world: "dense-100k", rows: GROWING, repetitions: 25, fresh: 3 },
  { world: "dense-4m", rows: [...GROWING, "monitor-many-first", "snapshot-unchanged"], repetitions: 7, fresh: 1 },
  { world: "roots-100k", rows: TELLING, repetitions: 9 },
  { world: "roots-1m", rows: TELLING, repetitions: 7, fresh: 1 },
  { world: "roots-4m", rows: TELLING, repetitions: 3 },
  { world: "shared-100k", rows: TELLING, repetitions: 9 },
  { world: "shared-1m", rows: TELLING, repetitions: 7, fresh: 1 },
  { world: "shared-4m", rows: TELLING, repetitions: 3 },
  { world: "sparse-100k", rows: TELLING, repetitions: 5, fresh: 3 },
  { world: "sparse-250k", rows: TELLING, repetitions: 3 },
];

const QUICK = [
  { world: "dense-1m", rows: TIMED, repetitions: 4, fresh: 1 },
  { world: "packed-1m", rows: ["snapshot-unchanged"], repetitions: 7 },
  { world: "dense-100k", rows: GROWING, repetitions: 5, fresh: 0 },
  { world: "roots-100k", rows: TELLING, repetitions: 3 },
  { world: "shared-100k", rows: TELLING, repetitions: 3 },
  { world: "sparse-20k", rows: TELLING, repetitions: 3, fresh: 1 },
];

/** Worlds of whole address spaces, each in a process of its own; `cold` ones in so many fresh ones. */
const SPACE_ROWS = SPACE_TARGETS.map(({ row }) => row);
const ofSpace = (pattern) => SPACE_ROWS.filter((row) => pattern.test(row) && !row.endsWith("-cold"));
const SPACE = [
  { world: "memory-128m", rows: ofSpace(/^roots/), repetitions: 15 },
  { world: "memory-512m", rows: ofSpace(/^roots/), repetitions: 11 },
  { world: "pair-128m", rows: ofSpace(/^diff/), repetitions: 11 },
  { world: "states-40k", rows: ofSpace(/^changes|^maps/), repetitions: 11 },
  { world: "scattered-40k", rows: ofSpace(/^changes/), repetitions: 7 },
  { world: "leaves-4m", rows: ofSpace(/^leaves/), repetitions: 25, cold: 5 },
];
const QUICK_SPACE = [
  { world: "memory-128m", rows: ofSpace(/^roots/), repetitions: 7 },
  { world: "pair-128m", rows: ofSpace(/^diff/), repetitions: 5 },
  { world: "states-40k", rows: ofSpace(/^changes/), repetitions: 5 },
  { world: "leaves-4m", rows: ofSpace(/^leaves/), repetitions: 9, cold: 2 },
];

/** As planFor, of whole address spaces. */
export function spacePlanFor({ isQuick, rows, worlds }) {
  return (isQuick ? QUICK_SPACE : SPACE)
    .filter(({ world }) => worlds.test(world))
    .map(({ rows: all, ...entry }) => ({ ...entry, rows: all.filter((row) => rows.test(row)) }))
    .filter(({ rows: chosen }) => chosen.length > 0);
}

/** The plan, cut to rows and worlds whose names match. */
export function planFor({ isQuick, rows, worlds }) {
  return (isQuick ? QUICK : FULL)
    .filter(({ world }) => worlds.test(world))
    .map(({ world, rows: all, repetitions, fresh = 0 }) => ({
      world,
      repetitions,
      rows: all.filter((row) => rows.test(row)),
      fresh: NO_PROCESS_OF_ITS_OWN.filter((row) => fresh > 0 && rows.test(row)).map((row) => ({ row, times: fresh })),
    }))
    .filter(({ rows: chosen, fresh }) => chosen.length > 0 || fresh.length > 0);
}
