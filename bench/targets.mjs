/**
 * The table: what each row is called and what it must reach. Data only.
 *
 *   measure   "walks": processor time a unit, in plain native walks (hashed, random order), less is better
 *             "rate": that of merely reading the same bytes, 1 being as fast, more is better
 *             "milliseconds": processor time a call, elapsed time of a command, less is better    "nanoseconds": the same a unit
 *             "throughput": GB/s, more is better        "bytes": bytes an address, less is better
 *   must, aim in that measure; where there is none the row is for looking at
 *   growth    at most this much slower a unit from one size of the dense world to another
 *   world     the one that the targets are about; dense-1m where not given
 */

const BATCH_GROWTH = { from: "100k", to: "4m", must: 1.5 };
const RANDOM_GROWTH = { from: "1m", to: "4m", must: 1.8 };

export const TARGETS = [
  {
    row: "translate-random",
    title: "`translateMany`, random order, tables in memory",
    measure: "walks",
    must: 0.45,
    aim: 0.27,
    growth: RANDOM_GROWTH,
  },
  { row: "translate-ascending", title: "`translateMany`, ascending", measure: "walks", must: 0.15, aim: 0.07, growth: BATCH_GROWTH },
  {
    row: "translate-by-table",
    title: "`translateMany`, table by table, shuffled inside",
    measure: "walks",
    must: 0.25,
    aim: 0.13,
    growth: BATCH_GROWTH,
  },
  { row: "translate-first", title: "`translateMany`, first call, table by table: tables are read", measure: "walks" },
  { row: "monitor-many-cold", title: "`monitorMany`, first call of a fresh process: nothing compiled", measure: "walks" },
  { row: "monitor-many-first", title: "`monitorMany`, first call: memory never touched", measure: "walks", must: 1.0, aim: 0.55 },
  { row: "monitor-many", title: "`monitorMany`, memory touched before", measure: "walks", must: 0.35, aim: 0.15, growth: BATCH_GROWTH },
  { row: "monitor-many-random", title: "`monitorMany`, random order", measure: "walks", must: 1.5, aim: 0.7, growth: RANDOM_GROWTH },
  {
    row: "monitor-by-table",
    title: "`monitor` one by one, live memory, table by table",
    measure: "walks",
    must: 8,
    aim: 4,
    growth: BATCH_GROWTH,
  },
  {
    row: "monitor-random",
    title: "`monitor` one by one, live memory, random order",
    measure: "walks",
    must: 28,
    aim: 15,
    growth: RANDOM_GROWTH,
  },
  {
    row: "change-tenth-columns",
    title: "10 % of the PTEs marked in random order and processed, columns (a PTE)",
    measure: "walks",
    must: 5,
    aim: 2,
    growth: RANDOM_GROWTH,
  },
  {
    row: "change-tenth-by-table",
    title: "the same marked table by table, columns (a PTE)",
    measure: "walks",
    must: 5,
    aim: 2,
    growth: BATCH_GROWTH,
  },
  {
    row: "change-tenth-array",
    title: "10 % of the PTEs marked in random order and processed, array (a PTE)",
    measure: "walks",
    must: 16,
    aim: 8,
  },
  {
    row: "pdpte-cleared-columns",
    title: "a PDPTE cleared, columns (an address below)",
    measure: "walks",
    must: 0.8,
    aim: 0.3,
    growth: BATCH_GROWTH,
  },
  { row: "pdpte-cleared-array", title: "a PDPTE cleared, array (an address below)", measure: "walks", must: 9, aim: 4 },
  {
    row: "pdpte-set-columns",
    title: "the same set again, columns (an address below)",
    measure: "walks",
    must: 1,
    aim: 0.4,
    growth: BATCH_GROWTH,
  },
  { row: "pdpte-set-array", title: "the same set again, array (an address below)", measure: "walks", must: 10, aim: 4.5 },
  {
    row: "unmonitor-by-table",
    title: "`unmonitor` one by one, table by table",
    measure: "walks",
    must: 1.2,
    aim: 0.6,
    growth: BATCH_GROWTH,
  },
  { row: "unmonitor-random", title: "`unmonitor` one by one, random order", measure: "walks", must: 3.5, aim: 2, growth: RANDOM_GROWTH },
  { row: "unmonitor-all", title: "`unmonitorAll` (an address)", measure: "walks", must: 0.05, aim: 0.01 },
  {
    row: "snapshot-unchanged",
    title: "`processSnapshot`, nothing changed, the driver's copying and both sides counted",
    measure: "throughput",
    must: 6,
    aim: 11,
    world: "packed-1m",
  },
  {
    row: "memory",
    title: "memory a monitored address, tables' copies apart",
    measure: "bytes",
    must: 40,
    aim: 20,
    sparse: { must: 600, aim: 300 },
  },
];

/** Whole address spaces: rows/space.mjs. They run with `--space`, or among all. */
export const SPACE_TARGETS = [
  { row: "roots-scan", title: "`findRoots` over a dump in a file, start to end", measure: "rate", must: 0.45, aim: 0.7 },
  {
    row: "changes-thousandth",
    title: "`changes`, 0.1 % of the entries changed, every change taken as an object (bytes of tables, both sides)",
    measure: "throughput",
    must: 8,
    aim: 10,
    world: "states-40k",
  },
  { row: "changes-none", title: "`changes` between a state and itself (bytes of tables, both sides)", measure: "throughput" },
  { row: "maps-listed", title: "`mappings`, every stretch taken as an object (a stretch)", measure: "nanoseconds" },
  { row: "maps-summed", title: "`summarize` of the same (bytes of tables)", measure: "throughput" },
  { row: "leaves-summed", title: "`summarize` of four million leaves behind one PT", measure: "milliseconds", must: 20, aim: 1 },
  {
    row: "diff-command",
    title: "`ptm diff` of two dumps in files, one root, start to end (elapsed time)",
    measure: "milliseconds",
    must: 500,
    aim: 200,
  },
  { row: "diff-command-all", title: "the same of every root, `--all`: found first", measure: "milliseconds", must: 500, aim: 300 },
  { row: "leaves-summed-cold", title: "the same, first call of a fresh process: nothing compiled", measure: "milliseconds", must: 20 },
];

/** The world whose figures the targets are about. */
export const TARGET_SIZE = "1m";
export const TARGET_SHAPE = "dense";
