/**
 * A dump of 2 GiB, paged in as it is needed: by path in Node, as a File of the user's in Chromium. What is said of it is what the library
 * says in Node.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleWorkerScript } from "../../scripts/worker-script.mjs";
import * as library from "../../src/index.js";
import { startWorker } from "../../src/worker/index.js";
import { type Answer, startServer, type TestServer } from "../browser/server.js";
import { hasChromium, ISOLATION, launchChromium } from "../support/chromium.js";
import type { SparseDumps } from "./support/sparse-dump.js";
import { writeSparseDumps } from "./support/sparse-dump.js";
import { libraryFace, type Survey, survey } from "./support/survey.js";
import { workerMaker } from "./support/test-worker.js";

const LONG_MS = 240_000;
const PAGE = `
  import { startWorker } from "./src/worker/index.ts";
  import { survey } from "./test/worker/support/survey.ts";
  globalThis.surveyFiles = async (asked) => {
    const handle = await startWorker({ workers: 2, worker: () => new Worker("/worker-script.js", { type: "module" }) });
    const sources = [...document.querySelector("input").files];
    const lines = await survey(handle, { ...asked, sources });
    handle.terminate();
    return { workers: handle.workers, lines };
  };`;

declare const surveyFiles: (asked: Omit<Survey, "sources">) => Promise<{ workers: number; lines: readonly string[] }>;

let folder: string;
let dumps: SparseDumps;
let asked: Omit<Survey, "sources">;
let expected: readonly string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "large-dump-"));
  dumps = writeSparseDumps(folder);
  asked = { root: dumps.roots[2], watched: [{ firstVa: 0x4000_0000n, pages: 4096, tag: "watched" }] };
  expected = await survey(libraryFace(library), { ...asked, sources: [dumps.before, dumps.after] });
}, LONG_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the library finds the processes' roots and the changes that were made", () => {
  const roots = expected.filter((line) => line.startsWith("root")).join();

  for (const root of dumps.roots) expect(roots).toContain(`"0x${root.toString(16)}"`);
  expect(expected.filter((line) => line.startsWith("change")).length).toBeGreaterThan(50);
});

test.each([1, 2])(
  "%i workers in Node say the same",
  async (workers) => {
    const handle = await startWorker({ worker: await workerMaker(), workers });
    const lines = await survey(handle, { ...asked, sources: [dumps.before, dumps.after] });
    handle.terminate();

    expect(lines).toEqual(expected);
  },
  LONG_MS,
);

describe.skipIf(!hasChromium)("in headless Chromium", () => {
  let browser: Browser;
  let server: TestServer;
  beforeAll(async () => {
    const stdin = { contents: PAGE, resolveDir: resolve("."), loader: "ts" } as const;
    const { outputFiles } = await build({ stdin, bundle: true, platform: "browser", format: "esm", write: false });
    const html = '<!doctype html><title>page</title><input type="file" multiple><script type="module" src="/page.js"></script>';
    const script = "text/javascript";
    const answers = new Map<string, Answer>([
      ["/favicon.ico", { type: "application/octet-stream", body: "" }],
      ["/page.js", { type: script, body: outputFiles[0]?.contents ?? "" }],
      ["/worker-script.js", { type: script, body: await bundleWorkerScript(), headers: ISOLATION }],
      ["/plain", { type: "text/html", body: html }],
      ["/isolated", { type: "text/html", body: html, headers: ISOLATION }],
    ]);
    server = await startServer((path) => answers.get(path));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test.each([
    { path: "/plain", isolation: "without", workers: 1 },
    { path: "/isolated", isolation: "with", workers: 2 },
  ])(
    "Files say the same $isolation cross-origin isolation",
    async ({ path, workers }) => {
      const page = await browser.newPage();
      await page.goto(`${server.origin}${path}`);
      await page.waitForFunction("globalThis.surveyFiles !== undefined");
      await page.setInputFiles("input", [dumps.before, dumps.after]);
      const answer = await page.evaluate((options) => surveyFiles(options), asked);
      await page.close();

      expect(answer.lines).toEqual(expected);
      expect(answer.workers).toBe(workers);
    },
    LONG_MS,
  );
});
