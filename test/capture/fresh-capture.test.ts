/**
 * A capture that nobody has seen: made here and now under QEMU with a seed from the clock, and judged like the bundled one.
 */

import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { requirement } from "../support/requirements.js";
import { compareWithQemu, listCapture } from "./list-capture.js";
import { rankCapture } from "./rank-capture.js";
import { replayCapture } from "./replay-capture.js";
import { translateCapture } from "./translate-capture.js";
import { bySnapshot } from "./transports.js";
import { type Capture, readCapture } from "./truth.js";

const CAPTURE = fileURLToPath(new URL("../../tools/capture/capture.mjs", import.meta.url));
const CAPTURE_TIMEOUT_MS = 300_000;
const WORKLOAD_STEPS = 16;

const check = spawnSync(process.execPath, [CAPTURE, "--check"], { encoding: "utf8" });
const available = requirement(
  "a guest under QEMU",
  check.status === 0,
  `${check.stderr.trim()} (apt-get install qemu-system-x86 gcc libc6-dev, then tools/capture/prepare.sh)`,
);

describe.runIf(available)("a fresh capture", () => {
  const seed = Date.now();
  let folder: string;
  let capture: Capture;
  let failed = false;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "fresh-capture-"));
    console.log(`fresh capture with --seed ${seed}`);
    const words = [CAPTURE, "--out", folder, "--seed", String(seed)];
    await promisify(execFile)(process.execPath, words, { timeout: CAPTURE_TIMEOUT_MS });
    capture = readCapture(folder);
    expect(capture.steps.filter(({ wasAtRest }) => !wasAtRest)).toEqual([]);
  }, CAPTURE_TIMEOUT_MS);

  afterEach(({ task }) => {
    failed ||= task.result?.state === "fail";
  });

  // The seed brings back what the workload did, not where its kernel put it: a capture that fails is kept.
  afterAll(() => {
    if (failed) console.error(`the capture that failed is kept in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });

  it("is translated as its kernel said, on every page at every step", async () => {
    const { pages, backed, mismatches } = await translateCapture(capture);
    console.log(`seed ${seed}: ${pages} pages translated, ${backed} of them backed`);
    expect(mismatches).toEqual([]);
    expect(capture.steps).toHaveLength(WORKLOAD_STEPS);
    expect(backed).toBeGreaterThan(0);
  });

  it("is replayed with exactly the events that its kernel implies", async () => {
    const { steps, taken, counts, expectedCounts } = await replayCapture(capture, bySnapshot);
    const events = steps.reduce((total, { pageIns, pageOuts }) => total + pageIns + pageOuts, 0);
    console.log(`seed ${seed}: ${events} events`);
    expect(steps.flatMap(({ differences }) => differences).slice(0, 20)).toEqual([]);
    expect(taken.mismatches).toEqual([]);
    expect(counts).toEqual(expectedCounts);
    expect(events).toBeGreaterThan(0);
  });

  it("has address spaces that are listed, summed and compared as naive listings have them, and listed as QEMU has them", async () => {
    const { differences, leaves, changes } = await listCapture(capture);
    const qemu = await compareWithQemu(capture);
    console.log(`seed ${seed}: ${leaves} leaves and ${changes} changes listed, ${qemu.leaves} leaves counted as by QEMU`);
    expect(differences).toEqual([]);
    expect(qemu.differences).toEqual([]);
    expect(changes).toBeGreaterThan(0);
    expect(qemu.pages).toBeGreaterThan(0);
  });

  it("is asked for its roots, and every one in use ranks before all others", async () => {
    const { differences, asked, candidates, leastLive, highestOther } = await rankCapture(capture);
    console.log(`seed ${seed}: ${candidates} candidates in ${asked} dumps, score ${leastLive} against ${highestOther}`);
    expect(differences).toEqual([]);
  });
});
