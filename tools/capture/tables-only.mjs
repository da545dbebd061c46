#!/usr/bin/env node
/**
 * Makes a capture small and free of anybody's content: of each dump it keeps only the pages that are page tables, reachable
 * from a known root (of each process, in any CPU, the kernel's own), as a sparse ELF64 core with the same notes.
 */

import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openStep, readCapture } from "./lib/capture-folder.mjs";
import { readArguments, runCommand, UsageError } from "./lib/command.mjs";
import { encodeCore } from "./lib/elf-core-writer.mjs";
import { visitTables } from "./lib/walk.mjs";

const USAGE = `tables-only.mjs DIR OUT [--gzip]
  --gzip   writes .elf.gz`;

const TABLE_SIZE = 4096;
const USER_ROOT_BIT = 0x1000n;
const BEST_COMPRESSION = { level: 9 };

await runCommand(USAGE, () => {
  const { values, positionals } = readArguments({ allowPositionals: true, options: { gzip: { type: "boolean", default: false } } });
  const capture = readCapture(positionals[0]);
  const out = positionals[1];
  if (out === undefined) throw new UsageError("the folder to write to is missing");
  mkdirSync(out, { recursive: true });
  if (readdirSync(out).length > 0) throw new UsageError(`'${out}' is not empty`);
  convert(capture, out, values.gzip ? ".gz" : "");
  return 0;
});

function convert(capture, out, ending) {
  let fullBytes = 0;
  let keptBytes = 0;
  for (const step of capture.steps) {
    const core = openStep(capture, step);
    const { file, tables, runs } = keepTables(core, capture.mode, rootsAt(step, capture.meta));
    const stored = ending === ".gz" ? gzipSync(file, BEST_COMPRESSION) : file;
    writeFileSync(join(out, step.dump + ending), stored);
    fullBytes += core.file.length;
    keptBytes += stored.length;
    console.log(`${step.dump}${ending}: ${tables} tables in ${runs} runs, ${stored.length} bytes`);
  }
  for (const name of ["truth.jsonl", "meta.json"]) copyFileSync(join(capture.path, name), join(out, name));
  console.log(`all: ${keptBytes} bytes of ${fullBytes}, 1:${Math.round(fullBytes / keptBytes)}`);
}

function keepTables(core, mode, roots) {
  const pages = new Set();
  const seen = new Set();
  for (const root of roots) visitTables(core, mode, root, (pa) => pages.add(pa), seen);
  const runs = [];
  for (const pa of Array.from(pages).sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.paddr + TABLE_SIZE * last.pages.length === pa) last.pages.push(core.bytes(pa, TABLE_SIZE));
    else runs.push({ paddr: pa, pages: [core.bytes(pa, TABLE_SIZE)] });
  }
  const segments = runs.map(({ paddr, pages: content }) => ({ paddr, content: Buffer.concat(content) }));
  return { file: encodeCore(core.machine, core.notes, segments), tables: pages.size, runs: runs.length };
}

/** All roots known at a step. What is no address bit in them, an ASID for one, the walk clears. */
function rootsAt(step, meta) {
  const ofCpus = step.qemu.cpus.flatMap(({ cr3, ttbr0_el1, ttbr1_el1 }) => [cr3, ttbr0_el1, ttbr1_el1]);
  const ofProcesses = step.procs.flatMap(({ root, kernelRoot }) => [root, kernelRoot]);
  const known = [...ofProcesses, ...ofCpus, meta.kernel.kernelRoot].filter((root) => root !== undefined).map(BigInt);
  // With page-table isolation a CPU in user mode has a kernel root, too, one page below.
  return new Set(meta.pti ? known.flatMap((root) => [root, root & ~USER_ROOT_BIT]) : known);
}
