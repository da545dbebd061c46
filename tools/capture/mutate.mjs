#!/usr/bin/env node
/**
 * Does check.mjs notice? Flips one bit in one page-table entry of a copied tables-only capture, several ways, one at a time.
 * The copy lies in a temporary folder, which goes. Exit status 1 where a flip passes unnoticed.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { dumpPath, openStep, readCapture, vaOf } from "./lib/capture-folder.mjs";
import { CaptureError, readArguments, runCommand } from "./lib/command.mjs";
import { walk } from "./lib/walk.mjs";

const USAGE = "mutate.mjs DIR      DIR: a capture as tables-only.mjs leaves it";

/** At the step where child and parent both run and most regions have pages. */
const STEP_LABEL = "cow";
/** Which bit of which entry: of the walk to the region's first page, counted from the last. */
const FLIPS = [
  { region: "small", bit: 0, fromLast: 0 },
  { region: "small", bit: 13, fromLast: 0 },
  { region: "straddle", bit: 0, fromLast: 1 },
  { region: "spread", bit: 12, fromLast: 0 },
  { region: "moved", bit: 0, fromLast: 2 },
  { region: "swap", bit: 20, fromLast: 0 },
];
const CHECK = fileURLToPath(new URL("./check.mjs", import.meta.url));

await runCommand(USAGE, () => {
  const { positionals } = readArguments({ allowPositionals: true });
  const capture = readCapture(positionals[0]);
  const step = capture.steps.find(({ label }) => label === STEP_LABEL);
  if (step === undefined) throw new CaptureError(`the capture has no step '${STEP_LABEL}'`);
  const scratch = mkdtempSync(join(tmpdir(), "mutate-"));
  try {
    const noticed = FLIPS.filter((flip) => isNoticed(capture, step, flip, scratch));
    console.log(`noticed ${noticed.length} of ${FLIPS.length}`);
    return noticed.length === FLIPS.length ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

function isNoticed(capture, step, { region: name, bit, fromLast }, scratch) {
  const parent = step.procs.find(({ role }) => role === "parent");
  const region = parent.regions.find((candidate) => candidate.name === name);
  const core = openStep(capture, step);
  const va = vaOf(region, region.runs[0][0]);
  const entryPa = walk(core, capture.mode, BigInt(parent.root), va).entryPas.at(-1 - fromLast);
  const entry = core.bytes(entryPa, 8);
  entry.writeBigUInt64LE(entry.readBigUInt64LE() ^ (1n << BigInt(bit)));

  const copy = join(scratch, "capture");
  rmSync(copy, { recursive: true, force: true });
  cpSync(capture.path, copy, { recursive: true });
  const path = dumpPath(copy, step);
  writeFileSync(path, path.endsWith(".gz") ? gzipSync(core.file) : core.file);
  const { status, stdout } = spawnSync(process.execPath, [CHECK, copy], { encoding: "utf8" });
  const findings = stdout.split("\n").filter((line) => line.includes("MISMATCH"));
  const noticed = status === 1 && findings.length > 0;
  console.log(
    `${name}, bit ${bit}, ${fromLast} above the last entry: ${noticed ? "noticed" : "NOT NOTICED"} ${findings.at(-1)?.trim() ?? ""}`,
  );
  return noticed;
}
