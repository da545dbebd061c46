/**
 * The package as a user gets it, with workers, in each of the ways that the README names: plain Node, a bundle for Node, esbuild with
 * one file and with two, Vite's production build and its development server.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build as esbuild } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { createServer as createViteServer, build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as library from "../../src/index.js";
import { type Answer, fileUnder, startServer, type TestServer } from "../browser/server.js";
import { type InstalledPackage, installPackage } from "../package/installed.js";
import { hasChromium, ISOLATION, launchChromium } from "../support/chromium.js";
import type { PageOptions, PageUnderTest } from "./support/page-program.js";
import { libraryFace, survey } from "./support/survey.js";

declare const pageUnderTest: PageUnderTest;

const CAPTURE = resolve("samples/linux-6.1-x86_64");
const DUMPS = ["step-11.elf.gz", "step-12.elf.gz"];
const ASKED: PageOptions = {
  kind: "bytes",
  dumps: DUMPS.map((name) => `/capture/${name}`),
  watched: [{ firstVa: 0x101_0000_0000n, pages: 256, tag: "swap" }],
  range: { from: 0x100_0000_0000n, to: 0x102_0000_0000n },
};
const PROGRAM = JSON.stringify(resolve("test/worker/support/page-program.ts"));
const PAGE = `
  import * as library from "page-table-monitor";
  import { startWorker } from "page-table-monitor/worker";
  import { pageUnderTest } from ${PROGRAM};
  globalThis.pageUnderTest = pageUnderTest(library, startWorker);`;
const PAGE_WITH_WORKER = `
  import * as library from "page-table-monitor";
  import { startWorker } from "page-table-monitor/worker";
  import { pageUnderTest } from ${PROGRAM};
  globalThis.pageUnderTest = pageUnderTest(library, startWorker, () => new Worker("/worker-script.js", { type: "module" }));`;

let installed: InstalledPackage;
let expected: readonly string[];
beforeAll(async () => {
  installed = installPackage();
  const sources = DUMPS.map((name) => `${CAPTURE}/${name}`);
  expected = await survey(libraryFace(library), { ...ASKED, sources });
});
afterAll(() => installed?.remove());

describe("in Node", () => {
  const program = `
    import { startWorker } from "page-table-monitor/worker";
    const worker = await startWorker({ workers: 2 });
    const dump = await worker.openDump("samples/linux-6.1-x86_64/step-11.elf.gz");
    console.log(worker.workers, (await worker.findRoots(dump)).length);`;

  test("the packed package starts workers, and a program that forgets them ends", () => {
    const { stdout, stderr, status } = installed.runModule(program);

    expect({ stdout, stderr, status }).toEqual({ stdout: "2 2\n", stderr: "", status: 0 });
  });

  test("so does a bundle of one file", async () => {
    const outfile = join(installed.folder, "bundle.mjs");
    const stdin = { contents: program, resolveDir: installed.folder };
    await esbuild({ stdin, bundle: true, platform: "node", format: "esm", outfile });
    const { stdout, stderr, status } = installed.run(process.execPath, outfile);

    expect({ stdout, stderr, status }).toEqual({ stdout: "2 2\n", stderr: "", status: 0 });
  });
});

describe.skipIf(!hasChromium)("in headless Chromium", () => {
  let browser: Browser;
  let server: TestServer;
  let page: Page;
  let complaints: string[] = [];
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    server = await startServer(
      (path) =>
        answers.get(path) ?? fileUnder("/capture/", CAPTURE, path) ?? fileUnder("/vite/", join(installed.folder, "vite-site/dist"), path),
    );
    answers.set("/favicon.ico", { type: "application/octet-stream", body: "" });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(url: string): Promise<void> {
    page = await browser.newPage();
    complaints = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(url);
    await page.waitForFunction("globalThis.pageUnderTest !== undefined");
  }

  async function bundle(contents: string): Promise<string> {
    const { outputFiles, warnings } = await esbuild({
      stdin: { contents, resolveDir: installed.folder, loader: "js" },
      bundle: true,
      platform: "browser",
      format: "esm",
      write: false,
    });
    expect(warnings).toEqual([]);
    return outputFiles[0]?.text ?? "";
  }

  function serve(path: string, script: string, headers: Readonly<Record<string, string>>): void {
    const body = `<!doctype html><title>page</title><script type="module" src="${path}.js"></script>`;
    answers.set(path, { type: "text/html", body, headers });
    answers.set(`${path}.js`, { type: "text/javascript", body: script, headers });
  }

  test.each([
    { isolation: "without", headers: {}, workers: 1 },
    { isolation: "with", headers: ISOLATION, workers: 2 },
  ])("esbuild's bundle of one file works $isolation cross-origin isolation", async ({ isolation, headers, workers }) => {
    serve(`/one-file-${isolation}`, await bundle(PAGE), headers);
    await open(`${server.origin}/one-file-${isolation}`);
    const answer = await page.evaluate((asked) => pageUnderTest.surveyInWorker(asked), { ...ASKED, workers: 2 });

    expect(answer.lines).toEqual(expected);
    expect([answer.workers, answer.isolated]).toEqual([workers, workers === 2]);
  });

  test("esbuild with the worker's script as an entry of its own works, and under a policy that forbids workers from Blobs", async () => {
    const headers = { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
    serve("/two-files", await bundle(PAGE_WITH_WORKER), headers);
    answers.set("/worker-script.js", {
      type: "text/javascript",
      body: await bundle('import "page-table-monitor/worker-script";'),
      headers,
    });
    await open(`${server.origin}/two-files`);
    const answer = await page.evaluate((asked) => pageUnderTest.surveyInWorker(asked), { ...ASKED, kind: "blob" as const });

    expect(answer.lines).toEqual(expected);
    expect(complaints).toEqual([]);
  });

  test("Vite's production build works, and serves the worker's script as a file", async () => {
    const root = makeSite();
    await viteBuild({ root, base: "/vite/", logLevel: "error", build: { outDir: "dist" } });
    await open(`${server.origin}/vite/index.html`);
    const answer = await page.evaluate((asked) => pageUnderTest.surveyInWorker(asked), ASKED);

    expect(answer.lines).toEqual(expected);
    expect(complaints).toEqual([]);
    expect(server.requested.some((path) => /^\/vite\/assets\/script-.*\.js$/.test(path))).toBe(true);
  });

  test("Vite's development server works", async () => {
    const root = makeSite();
    const vite = await createViteServer({
      root,
      logLevel: "error",
      server: { port: 0, host: "127.0.0.1", proxy: { "/capture": server.origin }, fs: { strict: false } },
    });
    try {
      await vite.listen();
      await open(vite.resolvedUrls?.local[0] ?? "");
      const answer = await page.evaluate((asked) => pageUnderTest.surveyInWorker(asked), ASKED);

      expect(answer.lines).toEqual(expected);
    } finally {
      await vite.close();
    }
  });
});

/** A site for Vite within the project that has the package. */
function makeSite(): string {
  const root = join(installed.folder, "vite-site");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "index.html"), '<!doctype html><title>site</title><script type="module" src="/main.js"></script>');
  writeFileSync(join(root, "main.js"), PAGE);
  return root;
}
