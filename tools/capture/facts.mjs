#!/usr/bin/env node
/**
 * What the tables in a capture look like: sharing between paths, bits in use, odd entries, frames that serve as a table
 * again elsewhere. For getting to know a capture; judges nothing.
 */

import { openStep, PRESENT, pagemapOf, readCapture } from "./lib/capture-folder.mjs";
import { readArguments, runCommand, UsageError } from "./lib/command.mjs";
import { hex } from "./lib/hex.mjs";
import { entriesOf, isLeaf, isPresent, targetOf, visitTables } from "./lib/walk.mjs";

const USAGE = "facts.mjs DIR [STEP…]      without steps: only what holds over all of them";

const SHOWN = 8;
const TABLE_SIZE = 4096;
const SIZE_NAMES = { 12: "4K", 21: "2M", 30: "1G" };
const LAST_SHIFT = 12;

/** Bits worth counting in leaves that are set, by position. PAT lies elsewhere in large pages (SDM 3A 4.9.2). */
const X86_BITS = {
  3: "PWT",
  4: "PCD",
  5: "A",
  6: "D",
  8: "G",
  9: "software 9",
  10: "software 10",
  11: "software 11",
  58: "software 58",
  63: "XD",
};
const X86_PAT_BIT = { small: 7, large: 12 };
const ARM_BITS = { 10: "AF", 11: "nG", 51: "DBM", 52: "Contiguous", 53: "PXN", 54: "UXN", 55: "software 55", 58: "software 58" };

class Counts {
  #counts = new Map();
  add(what) {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
  toString() {
    return Array.from(this.#counts, ([what, count]) => `${what} ${count}`).join(", ") || "none";
  }
}

await runCommand(USAGE, () => {
  const { positionals } = readArguments({ allowPositionals: true });
  const capture = readCapture(positionals[0]);
  const wanted = positionals.slice(1);
  const unknown = wanted.find((number) => !capture.steps.some(({ step }) => String(step) === number));
  if (unknown !== undefined) throw new UsageError(`there is no step ${unknown}: the capture has 0 to ${capture.steps.length - 1}`);
  const uses = new Map();
  for (const step of capture.steps) {
    const core = openStep(capture, step);
    recordUses(capture, core, step, uses);
    if (wanted.includes(String(step.step))) describeStep(capture, core, step);
  }
  describeUses(uses);
  return 0;
});

/** Table frame → the steps and depths at which processes had it. */
function recordUses({ mode }, core, step, uses) {
  const depthsNow = new Map();
  for (const { root } of step.procs) {
    visitTables(core, mode, BigInt(root), (pa, depth) => depthsNow.set(pa, (depthsNow.get(pa) ?? new Set()).add(depth)));
  }
  for (const [pa, depths] of depthsNow) uses.set(pa, [...(uses.get(pa) ?? []), { step: step.step, depths: [...depths].sort().join("+") }]);
}

function describeUses(uses) {
  const atSeveralDepths = [...uses].filter(([, list]) => new Set(list.map(({ depths }) => depths)).size > 1);
  const cameBack = [...uses].filter(([, list]) => list.some((use, i) => i > 0 && use.step !== list[i - 1].step + 1));
  console.log(
    `table frames over all steps: ${uses.size}; at more than one depth (0 = root): ${atSeveralDepths.length}; left and came back: ${cameBack.length}`,
  );
  for (const [pa, list] of atSeveralDepths.slice(0, SHOWN)) {
    console.log(`  ${hex(pa)}: ${list.map(({ step, depths }) => `step ${step} depth ${depths}`).join(", ")}`);
  }
}

function describeStep(capture, core, step) {
  console.log(`step ${step.step} ${step.label}`);
  for (const { role, root, kernelRoot } of step.procs) {
    describeTree(capture, core, `${role}'s root`, BigInt(root));
    if (kernelRoot !== undefined) {
      describeTree(capture, core, `${role}'s kernel root`, BigInt(kernelRoot));
      describeRootDifference(capture, core, BigInt(root), BigInt(kernelRoot));
    }
  }
  const { kernelRoot } = capture.meta.kernel;
  if (kernelRoot !== undefined) describeTree(capture, core, "the kernel's own root", BigInt(kernelRoot));
  for (const process of step.procs) describeSharedFrames(process);
}

/** Follows every path, so that a table counts as often as it is reached. */
function describeTree({ mode, meta }, core, name, root) {
  const tables = new Set();
  const [sizes, bits, odd] = [new Counts(), new Counts(), new Counts()];
  let paths = 0;
  const named = meta.arch === "aarch64" ? ARM_BITS : X86_BITS;
  const describeLeaf = (entry, depth) => {
    const shift = mode.shifts[depth];
    sizes.add(SIZE_NAMES[shift]);
    for (const [bit, flag] of Object.entries(named)) if ((entry >> BigInt(bit)) & 1n) bits.add(flag);
    const pat = shift === LAST_SHIFT ? X86_PAT_BIT.small : X86_PAT_BIT.large;
    if (named === X86_BITS && (entry >> BigInt(pat)) & 1n) bits.add("PAT");
    if (core.bytes(Number(targetOf(mode, depth, entry)), 2 ** shift) === undefined) odd.add(`${SIZE_NAMES[shift]} page not in the dump`);
  };
  const descend = (table, depth) => {
    if (core.bytes(Number(table), TABLE_SIZE) === undefined) return odd.add("table not in the dump");
    paths++;
    tables.add(table);
    for (const entry of entriesOf(core, mode, table, depth)) {
      if (entry === 0n) continue;
      if (!isPresent(entry)) odd.add(`not present and not zero at depth ${depth}`);
      else if (isLeaf(mode, depth, entry)) describeLeaf(entry, depth);
      else descend(targetOf(mode, depth, entry), depth + 1);
    }
  };
  descend(root & mode.rootMask, 0);
  console.log(`  ${name} ${hex(root)}: ${tables.size} tables by ${paths} paths; pages: ${sizes}; set in them: ${bits}; odd: ${odd}`);
}

function describeRootDifference({ mode }, core, root, kernelRoot) {
  const [user, kernel] = [root, kernelRoot].map((pa) => entriesOf(core, mode, pa & mode.rootMask, 0));
  const differing = user.flatMap((entry, index) => (entry === kernel[index] ? [] : [`[${index}] ${hex(entry)}/${hex(kernel[index])}`]));
  console.log(`    entries that differ, user/kernel: ${differing.length}: ${differing.slice(0, SHOWN).join(", ")}`);
}

/** Frames that several pages of one process share: the zero page, mostly. */
function describeSharedFrames({ role, regions }) {
  const pagesByFrame = new Map();
  for (const { value, flags } of regions.flatMap((region) => [...pagemapOf(region).values()])) {
    if (flags & PRESENT) pagesByFrame.set(value, (pagesByFrame.get(value) ?? 0) + 1);
  }
  const shared = [...pagesByFrame].filter(([, pages]) => pages > 1);
  console.log(
    `  ${role}: frames under several pages: ${shared.map(([frame, pages]) => `${hex(frame)} under ${pages}`).join(", ") || "none"}`,
  );
}
