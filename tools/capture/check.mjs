#!/usr/bin/env node
/**
 * Cross-checks a capture by three independent views of every page of every watched region, at every step: a naive walk over
 * the dump, the guest's own pagemap, and QEMU ("info tlb" and "gva2gpa", of the parent). Exit status 1 on any mismatch.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { noAccessIn, openStep, PAGE, PRESENT, pagemapOf, readCapture, SWAPPED, vaOf } from "./lib/capture-folder.mjs";
import { readArguments, runCommand } from "./lib/command.mjs";
import { hex } from "./lib/hex.mjs";
import { Tally } from "./lib/tally.mjs";
import { walk } from "./lib/walk.mjs";

const USAGE = `check.mjs DIR [--steps] [--changes]
  --steps     counts for each step, not only for all
  --changes   what the walks say changed from step to step`;

/** CR0, CR2, CR3, CR4: what both QEMU's monitor and its notes tell. */
const CONTROL_REGISTERS = [0, 2, 3, 4];

await runCommand(USAGE, () => {
  const { values, positionals } = readArguments({
    allowPositionals: true,
    options: { steps: { type: "boolean", default: false }, changes: { type: "boolean", default: false } },
  });
  const capture = readCapture(positionals[0]);
  const total = new Tally();
  let before = new Map();
  for (const step of capture.steps) {
    const { tally, backed } = checkStep(capture, step);
    total.add(tally);
    if (values.steps || tally.mismatches > 0) print(`step ${step.step} ${step.label}`, tally.lines());
    if (values.changes) print(`step ${step.step} ${step.label}: changes`, countChanges(capture.mode, before, backed));
    before = backed;
  }
  print(`${capture.path}: ${capture.steps.length} steps`, total.lines());
  return total.mismatches > 0 ? 1 : 0;
});

function print(head, lines) {
  console.log([head, ...lines.map((line) => `  ${line}`)].join("\n"));
}

/** Counts of all comparisons at a step, and the walks that ended in a page, by role and address. */
function checkStep(capture, step) {
  const tally = new Tally();
  const core = openStep(capture, step);
  const backed = new Map();
  for (const process of step.procs) {
    const walks = new Map();
    comparePagemap(capture, core, process, tally, walks);
    for (const [va, found] of walks) backed.set(`${process.role}:${va}`, found);
    if (process.role === "parent") compareQemu(capture, step, core, process, walks, tally);
  }
  compareNotes(step, core, tally);
  compareRawImage(capture, step, core, tally);
  tally.compare("pagemap at rest while waiting", step.prevStable, () => `between step ${step.step - 1} and ${step.step}`);
  return { tally, backed };
}

function comparePagemap({ mode }, core, process, tally, walks) {
  const noAccess = noAccessIn(process);
  for (const region of process.regions) {
    const pagemap = pagemapOf(region);
    for (let page = 0; page < region.pages; page++) {
      const va = vaOf(region, page);
      const found = walk(core, mode, BigInt(process.root), va);
      if (process.kernelRoot !== undefined) {
        const byKernel = walk(core, mode, BigInt(process.kernelRoot), va);
        tally.compare("user and kernel root", byKernel.pa === found.pa, () => hex(va));
      }
      if (found.present) walks.set(va, found);
      comparePage(found, pagemap.get(page), va, noAccess, tally);
    }
  }
}

function comparePage(found, expected, va, noAccess, tally) {
  const describe = () => {
    const told = expected === undefined ? "nothing" : `${hex(expected.value)} flags ${hex(expected.flags)}`;
    return `va ${hex(va)}: entry ${found.entry === undefined ? "not in the dump" : hex(found.entry)}, pagemap ${told}`;
  };
  if (found.entry === undefined) tally.mismatch("a table is not in the dump", describe);
  else if (expected === undefined) tally.compare("nothing there", !found.present, describe);
  else if (expected.flags & SWAPPED) tally.compare("swapped, no page", !found.present, describe);
  else if (!(expected.flags & PRESENT)) tally.mismatch("neither present nor swapped, yet in the truth", describe);
  else if (found.present) tally.compare("present, same frame", found.pa / PAGE === expected.value, describe);
  else if (noAccess(va)) tally.known("PROT_NONE, resident by pagemap, present bit clear", describe);
  else tally.mismatch("pagemap has a page, the walk finds none", describe);
}

function compareQemu({ mode }, step, core, process, walks, tally) {
  for (const [va, gpa] of step.qemu.gva2gpa) {
    const found = walk(core, mode, BigInt(process.root), BigInt(va));
    const same = found.pa === (gpa === null ? undefined : BigInt(gpa));
    tally.compare("gva2gpa", same, () => `${va}: QEMU ${gpa}, walk ${found.present ? hex(found.pa) : "none"}`);
  }
  if (step.qemu.tlb === undefined) return;
  const tlb = new Map();
  for (const [va, pages, pa] of step.qemu.tlb) {
    for (let page = 0n; page < pages; page++) tlb.set(BigInt(va) + PAGE * page, BigInt(pa) + PAGE * page);
  }
  for (const va of new Set([...tlb.keys(), ...walks.keys()])) {
    const found = walks.get(va);
    tally.compare("info tlb", found?.pa === tlb.get(va), () => `${hex(va)}: QEMU ${tlb.get(va)}, walk ${found?.pa}`);
  }
}

function compareNotes(step, core, tally) {
  for (const [index, { controlRegisters }] of core.cpus().entries()) {
    const registers = step.qemu.cpus[index];
    const same = CONTROL_REGISTERS.every((n) => controlRegisters[n] === BigInt(registers[`cr${n}`]));
    tally.compare("control registers of QEMU's note", same, () => `cpu ${index}: ${controlRegisters.map(hex).join(" ")}`);
  }
}

function compareRawImage(capture, step, core, tally) {
  const path = join(capture.path, step.dump.replace(".elf", ".raw"));
  if (!existsSync(path)) return;
  const image = readFileSync(path);
  for (const { paddr, filesz } of core.loads.filter((load) => load.paddr + load.filesz <= image.length)) {
    const same = Buffer.compare(image.subarray(paddr, paddr + filesz), core.bytes(paddr, filesz)) === 0;
    tally.compare("raw image, segment", same, () => `${hex(paddr)}, ${filesz} bytes`);
  }
}

/** What became of each page between two steps, counted by process and kind. */
function countChanges(mode, before, after) {
  const counts = new Map();
  const count = (key, kind) => {
    const name = `${key.split(":")[0]} ${kind}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (const [key, now] of after) {
    const then = before.get(key);
    if (then === undefined) count(key, "in");
    else if (then.pa !== now.pa) count(key, "other frame");
    else if (then.size !== now.size) count(key, "other page size");
    else if ((then.entry ^ now.entry) & ~mode.accessedDirty) count(key, "other permissions or software bits");
    else if (then.entry !== now.entry) count(key, "only accessed or dirty");
  }
  for (const key of before.keys()) if (!after.has(key)) count(key, "out");
  return Array.from(counts, ([kind, pages]) => `${kind}: ${pages}`);
}
