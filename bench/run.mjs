#!/usr/bin/env node
/**
 * The benchmark: builds the yardsticks and the library, has the rows of each world measured in a process of its own, prints
 * the table, writes it with the figures to bench/out/.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compareWithKept, ratiosOf } from "./check.mjs";
import { askFresh, runSpaceWorld, runWorld } from "./children.mjs";
import { bundleLibrary, StaleBuildError } from "./library.mjs";
import { describeMachine } from "./machine.mjs";
import { planFor, spacePlanFor } from "./plan.mjs";
import { markdownOf, spread } from "./report.mjs";
import { isWithinMust } from "./results.mjs";
import { isSpaceWorld } from "./space-worlds.mjs";
import { spreadOf } from "./statistics.mjs";
import { buildNativeYardstick } from "./yardstick-native.mjs";
import { writeYardstickWorld } from "./yardstick-world.mjs";

const USAGE = `run.mjs [option…]
  --quick           few repetitions, small worlds: a minute or two, for looking
  --space           only whole address spaces: a minute or two
  --rows PATTERN    only rows whose name matches (a regular expression)
  --worlds PATTERN  only worlds whose name matches
  --check           compares with bench/ratios.json; status 1 where a row has become much slower
  --library PATH    measures that bundle (an earlier bench/out/library.mjs) instead of src/
  --keep            writes the figures to bench/README.md, bench/figures.json and, for --check, bench/ratios.json`;
/** Where figures are kept: those of monitoring, and those of whole address spaces, each when they were measured. */
const KEPT = [
  { file: "figures.json", markers: ["<!-- figures, written by run.mjs --keep -->", "<!-- end of figures -->"], isOfSpace: false },
  {
    file: "space-figures.json",
    markers: ["<!-- space figures, written by run.mjs --keep -->", "<!-- end of space figures -->"],
    isOfSpace: true,
  },
];

const options = readArguments();
process.exitCode = options ? await runOrSayWhyNot(options) : 2;

async function runOrSayWhyNot(chosen) {
  try {
    return await run(chosen);
  } catch (error) {
    if (!(error instanceof StaleBuildError)) throw error;
    console.error(error.message);
    return 1;
  }
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        space: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        library: { type: "string" },
        rows: { type: "string", default: "" },
        worlds: { type: "string", default: "" },
      },
    });
    if (!values.help) return { ...values, rows: new RegExp(values.rows), worlds: new RegExp(values.worlds) };
  } catch (error) {
    console.error(error.message);
  }
  console.error(USAGE);
  return undefined;
}

async function run({ quick, space, rows, worlds, library, check, keep }) {
  mkdirSync(place("out"), { recursive: true });
  const tools = {
    library: library ? resolve(library) : place("out/library.mjs"),
    yardstick: place("out/yardstick"),
    yardstickWorld: place("out/yardstick.world"),
    folder: place("out"),
  };
  if (!library) bundleLibrary(tools.library);
  writeYardstickWorld(tools.yardstickWorld);
  const compiler = buildNativeYardstick(tools.yardstick);
  if (!compiler) {
    delete tools.yardstick;
    console.error("no C compiler (cc): the native column is left out, and with it every ratio to a plain walk in C");
  }
  const chosen = { isQuick: quick, rows, worlds };
  const { figures, flatNs } = await measure(space ? [] : planFor(chosen), tools);
  figures.push(...(await measureSpaces(spacePlanFor(chosen), tools)));
  const kept = readJson("ratios.json");
  const report = { machine: describeMachine(compiler, flatNs), figures };
  const markdown = markdownOf(report);
  console.log(markdown);
  write("out/figures.json", JSON.stringify(report, undefined, 2));
  write("out/figures.md", markdown);
  if (keep) keepFigures(report, kept);
  return check ? guard(figures, kept) : 0;
}

async function measure(plan, tools) {
  const figures = [];
  let flatNs;
  for (const { world, rows, repetitions, fresh } of plan) {
    for (const { row, times } of fresh) {
      const figure = await measureFresh(world, row, times, tools);
      figures.push(figure);
      note(figure);
    }
    if (rows.length === 0) continue;
    await runWorld({ world, rows, repetitions, ...tools }, (said) => {
      if (said.row) {
        figures.push(said);
        note(said);
      } else flatNs ??= said.flatNs;
    });
  }
  return { figures, flatNs };
}

async function measureSpaces(plan, tools) {
  const figures = [];
  const add = (figure) => {
    figures.push(figure);
    note(figure);
  };
  for (const { world, rows, repetitions, cold = 0 } of plan) {
    await runSpaceWorld({ world, rows, repetitions, ...tools }, add);
    for (const row of cold > 0 ? rows : []) {
      const firsts = [];
      for (let i = 0; i < cold; i++)
        await runSpaceWorld({ world, rows: [row], repetitions: 0, ...tools }, (said) => firsts.push(said.firstNs));
      add({ world, row: `${row}-cold`, repetitions: cold, ns: spreadOf(firsts) });
    }
  }
  return figures;
}

async function measureFresh(world, row, times, tools) {
  const answers = [];
  const question = row === "memory" ? "memory" : "cold";
  for (let i = 0; i < times; i++) answers.push(await askFresh({ world, question, ...tools }));
  if (question === "memory") {
    const [{ addresses, tables }] = answers;
    const ofAll = (field) => spreadOf(answers.map((answer) => answer[field]));
    return { world, row, repetitions: times, addresses, tables, bytes: ofAll("bytes"), bytesWithCopies: ofAll("bytesWithCopies") };
  }
  const ns = spreadOf(answers.map((answer) => answer.ns));
  const hasNative = answers[0].ofNative !== undefined;
  return { world, row, repetitions: times, ns, ...(hasNative && { ofNative: spreadOf(answers.map((answer) => answer.ofNative)) }) };
}

/** Progress, for whoever waits. */
function note(figure) {
  const { world, row, bytes, ns, ofNative } = figure;
  const figureWords = bytes ? spread(bytes, " B") : `${spread(ns, " ns")}  of C ${spread(ofNative, "")}`;
  console.error(`${world.padEnd(12)} ${row.padEnd(24)} ${figureWords}${isWithinMust(figure) === false ? "  OVER" : ""}`);
}

function guard(figures, kept) {
  const { compared, worse } = compareWithKept(figures, kept);
  for (const sentence of worse) console.error(sentence);
  console.error(`${compared} rows compared with bench/ratios.json, ${worse.length} have become slower`);
  return worse.length > 0 || compared === 0 ? 1 : 0;
}

function keepFigures({ machine, figures }, kept) {
  write("ratios.json", JSON.stringify({ ...kept, ...ratiosOf(figures) }, undefined, 2));
  for (const { file, markers, isOfSpace } of KEPT) {
    const report = { machine, figures: figures.filter(({ world }) => isSpaceWorld(world) === isOfSpace) };
    if (report.figures.length === 0) continue;
    write(file, JSON.stringify(report, undefined, 2));
    const readme = readFileSync(place("README.md"), "utf8");
    const [before] = readme.split(markers[0]);
    const [, after] = readme.split(markers[1]);
    write("README.md", `${before}${markers[0]}\n\n${markdownOf(report)}\n${markers[1]}${after}`.trimEnd());
  }
}

function place(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

function write(name, text) {
  writeFileSync(place(name), `${text}\n`);
}

function readJson(name) {
  return existsSync(place(name)) ? JSON.parse(readFileSync(place(name), "utf8")) : {};
}
