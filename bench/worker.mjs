/**
 * What a worker costs and what it gives, measured and written to bench/README.md between its two marks. Needs a build.
 *
 * usage: worker.mjs [FOLDER]     FOLDER: where dumps of 4 GiB in all are written, and found again; bench/out where not given
 *
 * Each pair is taken in turns, so that both see the same machine; medians of ROUNDS, and where two workers are held against one, of each
 * round's own ratio. How long a thread is blocked is the longest in each of some runs, beside a thread that does nothing for as long. Every long
 * call is aborted at random moments. The browser's rows need Chromium.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import * as library from "page-table-monitor";
import { startWorker } from "page-table-monitor/worker";
import { abortMoments, abortRow, longCalls } from "./abort-moments.mjs";
import { expectEqual } from "./expect.mjs";
import { describeMachine } from "./machine.mjs";
import { createRandom } from "./random.mjs";
import { readingThreads } from "./read-thread.mjs";
import { chromiumRows } from "./worker-chromium.mjs";
import { workerWorlds } from "./worker-worlds.mjs";

const ROUNDS = 9;
const RATIO_ROUNDS = 25;
const BLOCKED_RUNS = 5;
const WARM_UPS = 2;
const TRANSLATIONS = 65_536;
const CALLS_IN_A_ROW = 20;
/** Of the address space that has tables: 2^27 pages below it. */
const PAGES = 2 ** 26;
const MONITORED = 2 ** 18;
const MAPPED = { from: 0n, to: 2n ** 34n };
const README = fileURLToPath(new URL("README.md", import.meta.url));
const [BEGIN, END] = ["<!-- worker: begin -->", "<!-- worker: end -->"];

const folder = process.argv[2] ?? fileURLToPath(new URL("out", import.meta.url));
mkdirSync(folder, { recursive: true });
const world = await workerWorlds(folder);

const inNode = [await startRow(), await translateRow(), ...(await twoWorkerRows()), await blockedRow()];
const abortsInNode = [...(await abortRows(1)), ...(await abortRows(2))];
const chromium = await chromiumRows(world);
const rows = [...inNode, ...chromium.rows];
const table = [
  "| what | measured | wanted |",
  "| --- | --- | --- |",
  ...rows.map(({ what, measured, wanted }) => `| ${what} | ${measured} | ${wanted} |`),
];
const aborts = [...abortsInNode, ...chromium.aborts];
const abortTable = [
  "| aborted at random moments | unaborted | moments | until it rejects: median, worst | until the next call has answered: median, worst | wanted |",
  "| --- | --- | --- | --- | --- | --- |",
  ...aborts.map((cells) => `| ${cells.join(" | ")} |`),
];
const { processor, memory, system, node, date } = describeMachine();
const load = `, load ${loadavg()[0].toFixed(1)}`;
const text = `${BEGIN}\n\nOn ${processor}, ${memory}, ${system}, Node ${node}, ${date}${load}:\n\n${[...table, "", ...abortTable].join("\n")}\n\n${END}`;
const readme = readFileSync(README, "utf8");
if (!readme.includes(BEGIN)) throw new Error(`${README} has no ${BEGIN}`);
writeFileSync(README, readme.slice(0, readme.indexOf(BEGIN)) + text + readme.slice(readme.indexOf(END) + END.length));
console.log([...table, "", ...abortTable].join("\n"));

async function startRow() {
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    const worker = await timed(times, () => startWorker());
    worker.terminate();
  }
  return { what: "starting a worker, Node", measured: inMilliseconds(median(times)), wanted: "< 150 ms" };
}

async function translateRow() {
  const worker = await startWorker();
  const [dump, remoteDump] = [await library.openDump(world.before), await worker.openDump(world.before)];
  const monitor = await library.PageTableMonitor.create({ memory: dump });
  const remote = await worker.createMonitor({ dump: remoteDump });
  const random = createRandom(3);
  // 2^27 pages below a quarter of the tables.
  const vas = BigUint64Array.from({ length: TRANSLATIONS }, () => BigInt(random(2 ** 24)) * 4096n);
  const [here, there] = [[], []];
  for (let round = 0; round < ROUNDS + WARM_UPS; round++) {
    // Call by call the two would take each other's tables out of the processor's cache.
    const into = round < WARM_UPS ? [[], []] : [here, there];
    let [pas, remotePas] = [];
    for (let i = 0; i < CALLS_IN_A_ROW; i++) pas = await timed(into[0], () => monitor.translateMany(world.root, vas));
    for (let i = 0; i < CALLS_IN_A_ROW; i++) remotePas = await timed(into[1], () => remote.translateMany(world.root, vas));
    if (round === 0) expectEqual(`${remotePas}`, `${pas}`, "translations");
  }
  worker.terminate();
  const [one, other] = [median(here), median(there)];
  const percent = Math.round((100 * other) / one - 100);
  const more = percent < 0 ? `${-percent} % less` : `${percent} % more`;
  return {
    what: `${TRANSLATIONS.toLocaleString("en")} random translations, library and worker`,
    measured: `${inMilliseconds(one)} and ${inMilliseconds(other)}: ${more}`,
    wanted: "≤ 15 % more",
  };
}

async function twoWorkerRows() {
  const crews = [await startWorker({ workers: 1 }), await startWorker({ workers: 2 })];
  const dumps = [];
  for (const crew of crews) dumps.push(await Promise.all([world.memory, world.before, world.after].map((path) => crew.openDump(path))));
  // The mode is given, as the notes of most dumps do: this one is raw, and has none.
  const arch = library.amd64();
  const scan = (i) => crews[i].findRoots(dumps[i][0], { arch }).then((found) => found.length);
  const compare = async (i) => {
    let changes = 0;
    const listing = await crews[i].changes(dumps[i][1], dumps[i][2], { root: world.root });
    for await (const { length } of listing.pages()) changes += length;
    return changes;
  };
  const guess = (i) => crews[i].findRoots(dumps[i][0]).then((found) => found.length);
  const threads = [readingThreads(world.memory, 1), readingThreads(world.memory, 2)];
  const read = (i) => threads[i].read().then(() => 0);
  const result = [
    await besides("merely reading 1 GiB in pieces of 1 MiB, one thread and two", read, ""),
    await besides("scanning 1 GiB for roots, the mode being known, one worker and two", scan),
    await besides("the same, no mode being known", guess),
    await besides("comparing spaces of 160 Ki tables in two dumps of 1 GiB, one worker and two", compare),
  ];
  for (const crew of crews) crew.terminate();
  for (const { end } of threads) await end();
  return result;
}

async function besides(what, work, wanted = "≥ 1.6 times") {
  const times = [[], []];
  for (let round = 0; round < RATIO_ROUNDS + WARM_UPS; round++) {
    const answers = [];
    for (const i of [0, 1]) answers.push(await timed(times[i], () => work(i)));
    expectEqual(answers[1], answers[0], what);
  }
  const [ones, twos] = times.map((all) => all.slice(WARM_UPS));
  const ratios = ones.map((one, i) => one / twos[i]);
  return {
    what,
    measured: `${inMilliseconds(median(ones))} and ${inMilliseconds(median(twos))}: ${median(ratios).toFixed(2)} times as fast`,
    wanted,
  };
}

/** The longest that the caller's thread was kept from its next turn while a worker compares and scans, every row being read. */
async function blockedRow() {
  const worker = await startWorker();
  const [memory, before, after] = await Promise.all([world.memory, world.before, world.after].map((path) => worker.openDump(path)));
  const work = async () => {
    await worker.findRoots(memory);
    let rows = 0;
    for await (const { length } of await worker.changes(before, after, { root: world.root })) if (length > 0n) rows++;
    return rows;
  };
  const begin = performance.now();
  const rows = await work();
  const taken = performance.now() - begin;
  const rest = () => new Promise((over) => setTimeout(over, taken));
  const [working, resting] = [[], []];
  for (let run = 0; run < BLOCKED_RUNS; run++) {
    working.push(await longestBlocked(work));
    resting.push(await longestBlocked(rest));
  }
  worker.terminate();
  const all = working.map((ms) => ms.toFixed(0)).join(", ");
  return {
    what: `longest that the caller's thread was blocked meanwhile, Node, ${rows.toLocaleString("en")} rows read as objects`,
    measured: `${inMilliseconds(median(working))} [${all}]; at rest ${inMilliseconds(median(resting))}`,
    wanted: "≤ 16 ms",
  };
}

async function longestBlocked(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
}

async function abortRows(workers) {
  const worker = await startWorker({ workers });
  const random = createRandom(5);
  const options = {
    root: world.root,
    roots: world.roots,
    pages: PAGES,
    mapped: MAPPED,
    translations: MONITORED,
    random: () => random(2 ** 30) / 2 ** 30,
  };
  const { calls, probe } = await longCalls({ worker, sources: world, ...options });
  const moments = await abortMoments({ calls, probe, random: options.random });
  worker.terminate();
  return moments.map((moment) => abortRow(moment, workers === 1 ? "Node" : "Node, two workers"));
}

async function timed(times, work) {
  const start = performance.now();
  const answer = await work();
  times.push(performance.now() - start);
  return answer;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function inMilliseconds(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
