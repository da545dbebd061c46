/**
 * Workers in headless Chromium, with cross-origin isolation and without: what they answer is what the library answers in Node, and what
 * goes wrong there goes wrong with a word.
 */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";
import { gunzipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleWorkerScript } from "../../scripts/worker-script.mjs";
import * as library from "../../src/index.js";
import { type Answer, startServer, type TestServer } from "../browser/server.js";
import { hasChromium, ISOLATION, launchChromium, openPageUnderTest } from "../support/chromium.js";
import type { PageOptions, PageUnderTest } from "./support/page-program.js";
import { libraryFace, type Survey, survey } from "./support/survey.js";

declare const pageUnderTest: PageUnderTest;

const CAPTURE = resolve("samples/linux-6.1-x86_64");
const DUMPS = readdirSync(CAPTURE).filter((name) => name.endsWith(".elf.gz"));
const WATCHED: Survey["watched"] = [
  { firstVa: 0x100_0000_0000n, pages: 512, tag: "small" },
  { firstVa: 0x101_0000_0000n, pages: 256, tag: "" },
];
const RANGE = { from: 0x100_0000_0000n, to: 0x102_0000_0000n };
const PAGE = `
  import * as library from "./src/index.ts";
  import { startWorker } from "./src/worker/index.ts";
  import { pageUnderTest } from "./test/worker/support/page-program.ts";
  globalThis.pageUnderTest = pageUnderTest(library, startWorker, () => new Worker("/worker-script.js", { type: "module" }));`;

describe.skipIf(!hasChromium)("in headless Chromium", () => {
  let browser: Browser;
  let server: TestServer;
  let page: Page;
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: PAGE, resolveDir: resolve("."), loader: "ts" },
      bundle: true,
      platform: "browser",
      format: "esm",
      write: false,
    });
    const html = '<!doctype html><title>page</title><script type="module" src="/page.js"></script>';
    answers.set("/favicon.ico", { type: "application/octet-stream", body: "" });
    answers.set("/page.js", { type: "text/javascript", body: outputFiles[0]?.contents ?? "" });
    answers.set("/worker-script.js", { type: "text/javascript", body: await bundleWorkerScript(), headers: ISOLATION });
    answers.set("/plain", { type: "text/html", body: html });
    answers.set("/isolated", { type: "text/html", body: html, headers: ISOLATION });
    for (const [step, name] of DUMPS.entries()) {
      const packed = readFileSync(`${CAPTURE}/${name}`);
      answers.set(`/packed/${step}`, { type: "application/octet-stream", body: packed });
      answers.set(`/plain/${step}`, { type: "application/octet-stream", body: gunzipSync(packed) });
    }
    server = await startServer((path) => answers.get(path));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  });

  async function open(path: string): Promise<void> {
    page = await openPageUnderTest(browser, `${server.origin}${path}`);
  }

  const asked = (folder: "packed" | "plain", steps: readonly number[], rest: Partial<PageOptions>): PageOptions => ({
    kind: "blob",
    dumps: steps.map((step) => `/${folder}/${step}`),
    watched: WATCHED,
    range: RANGE,
    workers: 2,
    ...rest,
  });
  const everyStep = DUMPS.map((_, step) => step);

  describe.each([
    { path: "/plain", isolation: "without", workers: 1 },
    { path: "/isolated", isolation: "with", workers: 2 },
  ])("$isolation cross-origin isolation", ({ path, workers }) => {
    test("the whole capture, from Blobs, gives the lines that Node's library gives", async () => {
      const sources = DUMPS.map((name) => `${CAPTURE}/${name}`);
      const expected = await survey(libraryFace(library), { watched: WATCHED, range: RANGE, sources });
      await open(path);
      const answer = await page.evaluate((options) => pageUnderTest.surveyInWorker(options), asked("packed", everyStep, {}));

      expect(answer.lines).toEqual(expected);
      expect([answer.workers, answer.isolated]).toEqual([workers, workers === 2]);
    });

    test.each(["blob", "bytes"] as const)("dumps that are not compressed, from %s, give them too", async (kind) => {
      const sources = [11, 12, 13].map((step) => `${CAPTURE}/${DUMPS[step]}`);
      const expected = await survey(libraryFace(library), { watched: WATCHED, sources });
      await open(path);
      const everywhere = { kind, range: undefined };
      const answer = await page.evaluate((options) => pageUnderTest.surveyInWorker(options), asked("plain", [11, 12, 13], everywhere));

      expect(answer.lines.length).toBe(expected.length);
      expect(answer.lines).toEqual(expected);
    });

    test("calls that are aborted have their signal's reason, and later ones work", async () => {
      await open(path);
      const answer = await page.evaluate(async () => {
        const handle = await pageUnderTest.startWorker({ workers: 2, worker: () => new Worker("/worker-script.js", { type: "module" }) });
        const [before, after] = await Promise.all(
          [11, 12].map(async (step) => handle.openDump(await (await fetch(`/plain/${step}`)).blob())),
        );
        const root = before.vcpus[0].root ?? 0n;
        const rowsOf = async (signal?: AbortSignal): Promise<number> => {
          let rows = 0;
          const options = { root, ...(signal && { signal }) };
          for await (const page of (await handle.mappings(before, options)).pages()) rows += page.length;
          for await (const page of (await handle.changes(before, after, options)).pages()) rows += page.length;
          return rows;
        };
        const expected = await rowsOf();
        let aborted = 0;
        for (let i = 0; i < 100; i++) {
          const controller = new AbortController();
          const call = i % 2 === 0 ? rowsOf(controller.signal) : handle.findRoots(before, { signal: controller.signal });
          const outcome = call.then(
            () => "finished",
            (reason: unknown) => reason,
          );
          await new Promise((next) => setTimeout(next, i % 10));
          controller.abort(`reason ${i}`);
          const result = await outcome;
          if (result === `reason ${i}`) aborted++;
          else if (result !== "finished") return String(result);
        }
        return { aborted: aborted > 10, same: (await rowsOf()) === expected };
      });

      expect(answer).toEqual({ aborted: true, same: true });
    });

    test("a worker that is terminated rejects what is pending, and a new dump starts another", async () => {
      await open(path);
      const answer = await page.evaluate(async () => {
        const made: Worker[] = [];
        const worker = (): Worker => {
          const one = new Worker("/worker-script.js", { type: "module" });
          made.push(one);
          return one;
        };
        const handle = await pageUnderTest.startWorker({ workers: 2, worker });
        const bytes = async (): Promise<Uint8Array> => new Uint8Array(await (await fetch("/plain/11")).arrayBuffer());
        const dump = await handle.openDump(await bytes());
        const pending = (async () => {
          for (;;) await handle.findRoots(dump);
        })().catch((error: { code: string }) => error.code);
        made.at(-1)?.terminate();
        const said = [await pending, await dump.readFrame(0).catch((error: { code: string }) => error.code)];
        const again = await handle.openDump(await bytes());
        return [...said, (await handle.findRoots(again)).length];
      });

      expect(answer).toEqual(["worker-died", "worker-died", 2]);
    });
  });
});
