/**
 * The rows that only a browser can tell: how long a page's thread is blocked while a worker compares and scans two Files of 1 GiB, and
 * how long a worker takes to start.
 */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { hasChromiumFile, launchChromium } from "../scripts/chromium.mjs";
import { ISOLATION } from "../scripts/web-server.mjs";
import { abortRow } from "./abort-moments.mjs";

const STARTS = 7;
/** Where the page is served without isolation. */
const PLAIN = "/plain";
/** Files are slow, and every call is begun many times: 128 MiB, that is 64 tables, scattered. */
const RANGE = { from: 0n, to: 2n ** 27n };
const PAGES = 2 ** 15;
const TRANSLATIONS = 2 ** 18;
const FEW_ROOTS = 4;

const PAGE = `
  import { startWorker } from "page-table-monitor/worker";
  import { abortMoments, longCalls } from "./bench/abort-moments.mjs";
  globalThis.measureAborts = async (options) => {
    const worker = await startWorker({ worker: () => new Worker("/worker-script.js", { type: "module" }) });
    const [memory, before, after, packed] = document.querySelector("input").files;
    const random = Math.random;
    const { calls, probe } = await longCalls({ worker, sources: { memory, before, after, packed }, ...options, random });
    const moments = await abortMoments({ calls, probe, random });
    worker.terminate();
    return moments;
  };
  globalThis.measure = async (root) => {
    const starts = [];
    for (let i = 0; i < ${STARTS}; i++) {
      const begin = performance.now();
      const one = await startWorker({ worker: () => new Worker("/worker-script.js", { type: "module" }) });
      starts.push(performance.now() - begin);
      one.terminate();
    }
    const worker = await startWorker({ worker: () => new Worker("/worker-script.js", { type: "module" }) });
    const dumps = await Promise.all([...document.querySelector("input").files].slice(0, 3).map((file) => worker.openDump(file)));
    let longTasks = 0;
    new PerformanceObserver((list) => { longTasks += list.getEntries().length; }).observe({ entryTypes: ["longtask"] });
    let [last, longest, running] = [performance.now(), 0, true];
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      if (running) setTimeout(() => port1.postMessage(0), 1);
    };
    port1.postMessage(0);
    await worker.findRoots(dumps[0]);
    let rows = 0;
    for await (const { length } of await worker.changes(dumps[1], dumps[2], { root, range: { from: 0n, to: 2n ** 31n } })) if (length > 0n) rows++;
    running = false;
    worker.terminate();
    return { starts, longest, longTasks, rows };
  };`;

export async function chromiumRows({ memory, before, after, packed, root, roots }) {
  if (!hasChromiumFile()) return { rows: [], aborts: [] };
  const scripts = { "/page.js": await bundle(PAGE), "/worker-script.js": await bundle('import "page-table-monitor/worker-script";') };
  const server = createServer((request, response) => {
    const script = scripts[request.url];
    const isolation = request.url === PLAIN ? {} : ISOLATION;
    response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html", ...isolation });
    response.end(script ?? '<!doctype html><input type="file" multiple><script type="module" src="/page.js"></script>');
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction("globalThis.measure !== undefined");
    await page.setInputFiles("input", [memory, before, after, packed]);
    const { starts, longest, longTasks, rows } = await page.evaluate((root) => globalThis.measure(root), root);
    const median = [...starts].sort((a, b) => a - b)[starts.length >> 1];
    const asked = { root, roots: roots.slice(0, FEW_ROOTS), range: RANGE, mapped: RANGE, pages: PAGES, translations: TRANSLATIONS };
    const isolated = await page.evaluate((options) => globalThis.measureAborts(options), asked);
    await page.goto(`http://127.0.0.1:${server.address().port}${PLAIN}`);
    await page.waitForFunction("globalThis.measureAborts !== undefined");
    await page.setInputFiles("input", [memory, before, after, packed]);
    const plain = await page.evaluate((options) => globalThis.measureAborts(options), asked);
    const aborts = [
      ...isolated.map((moment) => abortRow(moment, "Chromium, Files")),
      ...plain.map((moment) => abortRow(moment, "Chromium, Files, not isolated")),
    ];
    const measured = [
      { what: "starting a worker, Chromium", measured: `${Math.round(median)} ms`, wanted: "< 150 ms" },
      {
        what: `long tasks of the page's thread while Files of 1 GiB were scanned and compared, ${rows.toLocaleString("en")} rows read`,
        measured: `${longTasks}; the longest wait for a timer of 1 ms was ${longest.toFixed(0)} ms`,
        wanted: "none",
      },
    ];
    return { rows: measured, aborts };
  } finally {
    await browser.close();
    server.close();
  }
}

async function bundle(contents) {
  const resolveDir = fileURLToPath(new URL("..", import.meta.url));
  const stdin = { contents, resolveDir, loader: "js" };
  const { outputFiles } = await build({ stdin, bundle: true, platform: "browser", format: "esm", write: false });
  return outputFiles[0].text;
}
