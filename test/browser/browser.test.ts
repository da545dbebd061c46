/**
 * The library in a browser: bundled, unbundled, in a worker, with and without shared memory, under strict content security
 * policies. Each replays the bundled capture and must get, line by line, the events that Node gets.
 */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as library from "../../src/index.js";
import { hasChromium, ISOLATION, launchChromium, openPageUnderTest } from "../support/chromium.js";
import type { replayFromServer, SourceKind } from "./page.js";
import { type Library, replay } from "./replay.js";
import { type Answer, fileUnder, startServer, type TestServer } from "./server.js";

const CAPTURE = resolve("samples/linux-6.1-x86_64");
const DUMPS = readdirSync(CAPTURE).filter((name) => name.endsWith(".elf.gz"));
const DIST = resolve("dist");
const BUILD = resolve("build");
const LOADER = resolve("node_modules/@assemblyscript/loader");
const FFLATE = resolve("node_modules/fflate/esm");

/** What the scripts leave for the test to call. */
interface PageUnderTest {
  readonly library: Library;
  readonly replayFromServer: typeof replayFromServer;
}
declare const pageUnderTest: PageUnderTest;

/** One program, joined to the library in three ways. */
const BUNDLED_PAGE = `
  import * as library from "page-table-monitor";
  import { replayFromServer } from "./test/browser/page.js";
  globalThis.pageUnderTest = { library, replayFromServer };`;
const BUNDLED_WORKER = `
  import * as library from "page-table-monitor";
  import { replayFromServer } from "./test/browser/page.js";
  onmessage = ({ data }) => replayFromServer(library, data.steps, data.kind).then(
    (lines) => postMessage({ lines }),
    (error) => postMessage({ error: String(error.stack) }));`;
const UNBUNDLED_PAGE = `
  import * as library from "/dist/index.js";
  import { replayFromServer } from "/program.js";
  globalThis.pageUnderTest = { library, replayFromServer };`;
/** A worker has the policy of its own answer: it may compile where its page may not. */
const COMPILING_WORKER = `
  fetch("/dist/core/private-simd.wasm").then((answer) => WebAssembly.compileStreaming(answer)).then(postMessage);`;

const COMPILING_ALLOWED = { "content-security-policy": "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
const COMPILING_FORBIDDEN = { "content-security-policy": "default-src 'none'; connect-src 'self'; script-src 'self'; worker-src 'self'" };

describe.skipIf(!hasChromium)("in headless Chromium", () => {
  let browser: Browser;
  let server: TestServer;
  let page: Page;
  let complaints: string[] = [];
  let expected: readonly string[] = [];

  beforeAll(async () => {
    const answers = await makeAnswers();
    server = await startServer(
      (path) =>
        answers.get(path) ??
        fileUnder("/dist/", DIST, path) ??
        fileUnder("/build/", BUILD, path) ??
        fileUnder("/loader/", LOADER, path) ??
        fileUnder("/fflate/", FFLATE, path),
    );
    browser = await launchChromium();
    expected = await replay(library, (step) => library.openDump(`${CAPTURE}/${DUMPS[step]}`), DUMPS.length);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  });

  async function open(path: string): Promise<void> {
    complaints = [];
    page = await openPageUnderTest(browser, `${server.origin}${path}`, complaints);
  }

  async function replayInPage(kind: SourceKind): Promise<readonly string[]> {
    return page.evaluate(({ steps, kind }) => pageUnderTest.replayFromServer(pageUnderTest.library, steps, kind), {
      steps: DUMPS.length,
      kind,
    });
  }

  test("Node's replay, that the others are compared with, has events of every step that has some", () => {
    const steps = new Set(expected.map((line) => Number(line.split(" ")[0])));

    expect(expected.length).toBeGreaterThan(1000);
    expect([...steps]).toEqual([1, 2, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  test("a bundled page opens the capture from bytes and gets the events that Node gets", async () => {
    await open("/bundled");

    expect(await replayInPage("bytes")).toEqual(expected);
    expect(complaints).toEqual([]);
  });

  test("a bundled page opens the capture from blobs and gets the same events", async () => {
    await open("/bundled");

    expect(await replayInPage("blob")).toEqual(expected);
  });

  test("a bundled worker pages the capture in from blobs and gets the same events", async () => {
    await open("/bundled");
    const answer = await page.evaluate(
      (steps) =>
        new Promise<{ lines?: readonly string[]; error?: string }>((answered) => {
          const worker = new Worker("/worker.js", { type: "module" });
          worker.onmessage = ({ data }) => answered(data);
          worker.onerror = (event) => answered({ error: event.message });
          worker.postMessage({ steps, kind: "blob" });
        }),
      DUMPS.length,
    );

    expect(answer.error).toBeUndefined();
    expect(answer.lines).toEqual(expected);
  });

  test("a cross-origin isolated page, where the core's memory may be shared, gets the same events", async () => {
    await open("/isolated");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.evaluate(() => pageUnderTest.library.configureCore({ url: new URL("/build/core/shared-simd.wasm", location.href) }));

    expect(await replayInPage("bytes")).toEqual(expected);
  });

  test("the modules as they are packed run without a bundler and give the same events", async () => {
    await open("/unbundled");

    expect(await replayInPage("bytes")).toEqual(expected);
    expect(complaints).toEqual([]);
  });

  test("a path is refused with a word on what a browser can open", async () => {
    await open("/bundled");
    const refusal = await page.evaluate(() =>
      pageUnderTest.library.openDump("/some/dump.elf").then(
        () => "opened",
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      ),
    );

    expect(refusal).toMatch(/^cannot-read: .*Blob/);
  });

  test("a policy that allows 'wasm-unsafe-eval' and no other evaluation runs the embedded core", async () => {
    await open("/compiling-allowed");

    expect(await replayInPage("bytes")).toEqual(expected);
    expect(complaints).toEqual([]);
  });

  test("under such a policy configureCore takes the core from a URL", async () => {
    await open("/compiling-allowed");
    await page.evaluate(() => pageUnderTest.library.configureCore({ url: new URL("/dist/core/private-simd.wasm", location.href) }));

    expect(await replayInPage("bytes")).toEqual(expected);
    expect(server.requested).toContain("/dist/core/private-simd.wasm");
    expect(complaints).toEqual([]);
  });

  test("a policy that forbids compiling is said so in the error, not a hang or a wrong answer", async () => {
    await open("/compiling-forbidden");

    await expect(replayInPage("bytes")).rejects.toThrow(/Content Security Policy|wasm-unsafe-eval|CompileError/);
  });

  test("under a policy that forbids compiling configureCore takes a module that a worker compiled", async () => {
    await open("/compiling-forbidden");
    await page.evaluate(
      () =>
        new Promise<void>((done) => {
          new Worker("/compiling-worker.js").onmessage = ({ data }) => {
            pageUnderTest.library.configureCore({ module: data });
            done();
          };
        }),
    );

    expect(await replayInPage("bytes")).toEqual(expected);
  });
});

async function makeAnswers(): Promise<ReadonlyMap<string, Answer>> {
  const [bundledPage, bundledWorker, program] = await Promise.all([
    bundle(BUNDLED_PAGE),
    bundle(BUNDLED_WORKER),
    bundle('export { replayFromServer } from "./test/browser/page.js";'),
  ]);
  const importMap = JSON.stringify({ imports: { "@assemblyscript/loader": "/loader/index.js", fflate: "/fflate/browser.js" } });
  const answers = new Map<string, Answer>([
    ["/favicon.ico", { type: "application/octet-stream", body: "" }],
    ["/page.js", { type: "text/javascript", body: bundledPage }],
    ["/worker.js", { type: "text/javascript", body: bundledWorker, headers: ISOLATION }],
    ["/program.js", { type: "text/javascript", body: program }],
    ["/unbundled.js", { type: "text/javascript", body: UNBUNDLED_PAGE }],
    ["/compiling-worker.js", { type: "text/javascript", body: COMPILING_WORKER }],
    ["/bundled", { type: "text/html", body: html("/page.js") }],
    ["/isolated", { type: "text/html", body: html("/page.js"), headers: ISOLATION }],
    ["/unbundled", { type: "text/html", body: `<script type="importmap">${importMap}</script>${html("/unbundled.js")}` }],
    ["/compiling-allowed", { type: "text/html", body: html("/page.js"), headers: COMPILING_ALLOWED }],
    ["/compiling-forbidden", { type: "text/html", body: html("/page.js"), headers: COMPILING_FORBIDDEN }],
  ]);
  DUMPS.forEach((name, step) => {
    answers.set(`/capture/${step}`, { type: "application/octet-stream", body: readFileSync(`${CAPTURE}/${name}`) });
  });
  return answers;
}

function html(script: string): string {
  return `<!doctype html><title>page-table-monitor</title><script type="module" src="${script}"></script>`;
}

/** As a user's bundler does it: the package by its name, for browsers, with nothing configured. */
async function bundle(contents: string): Promise<Uint8Array> {
  const { outputFiles, warnings } = await build({
    stdin: { contents, resolveDir: resolve("."), loader: "js" },
    bundle: true,
    platform: "browser",
    format: "esm",
    write: false,
  });
  expect(warnings).toEqual([]);
  return outputFiles[0]?.contents ?? new Uint8Array();
}
