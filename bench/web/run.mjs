/**
 * How fast the page is, in headless Chromium. Needs a build; writes bench/out/web.json and prints a table.
 *
 * usage: run.mjs [ROW…]        sample, pair, million; all where none is given
 *
 * Frames are measured as the longest time between two animation frames while a row runs. Merely reading is what the page's own
 * answer is held against: both files in slices of 16 MiB, by a worker, in the same page and the same run.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../../scripts/chromium.mjs";
import { buildPage } from "../../scripts/web-build.mjs";
import { serveFolder } from "../../scripts/web-server.mjs";
import { SyntheticGuest } from "./synthetic-dump.mjs";

const REPETITIONS = 5;
const DONE = "#events[data-status=done][data-filtered=yes]";
const GIBIBYTE_FRAMES = 262_144;
const MEBIBYTE = 2 ** 20;

const scratch = mkdtempSync(join(tmpdir(), "bench-web-"));
const folder = await buildPage(join(scratch, "page"));
const server = await serveFolder(folder);
const browser = await launchChromium();
try {
  const figures = { processor: cpus()[0]?.model, cores: cpus().length, chromium: browser.version(), rows: [] };
  const add = (work, value, must) => {
    figures.rows.push({ work, value, must });
    console.log(`${work.padEnd(76)} ${value.padEnd(34)} ${must}`);
  };
  const rows = { sample: measureSamples, pair: measurePair, million: measureMillion };
  const wanted = process.argv.slice(2);
  await measureIdle(add);
  for (const [name, measure] of Object.entries(rows)) if (wanted.length === 0 || wanted.includes(name)) await measure(add);
  mkdirSync(fileURLToPath(new URL("../out/", import.meta.url)), { recursive: true });
  writeFileSync(new URL("../out/web.json", import.meta.url), `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await browser.close();
  await server.close();
  rmSync(scratch, { recursive: true, force: true });
}

async function openPage() {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
  const page = await context.newPage();
  await page.goto(server.origin);
  await page.waitForSelector("#sample-button");
  return { context, page };
}

/** What this machine does to a page that does nothing: frames cannot be better. */
async function measureIdle(add) {
  const { context, page } = await openPage();
  await watchFrames(page);
  await page.waitForTimeout(3000);
  add("longest frame of a page at rest, for three seconds", `${(await longestFrame(page)).toFixed(0)} ms`, "");
  await context.close();
}

async function measureSamples(add) {
  const taken = [];
  for (let i = 0; i < REPETITIONS; i++) taken.push(await measureSample());
  add(
    "the bundled capture on screen, from the click",
    `${median(taken).toFixed(0)} ms [${taken.map((ms) => ms.toFixed(0)).join(", ")}]`,
    "1000 ms",
  );
}

/** From the click to the frame after the list is there. */
async function measureSample() {
  const { context, page } = await openPage();
  await page.waitForTimeout(500);
  const taken = await page.evaluate(async (done) => {
    const start = performance.now();
    document.querySelector("#sample-button").click();
    await new Promise((shown) => {
      const look = () => (document.querySelector(`${done} .event`) === null ? requestAnimationFrame(look) : requestAnimationFrame(shown));
      look();
    });
    return performance.now() - start;
  }, DONE);
  await context.close();
  return taken;
}

async function measurePair(add) {
  const guest = new SyntheticGuest({ frames: GIBIBYTE_FRAMES, tables: 10_000, pages: 16, seed: 7 });
  const paths = [join(scratch, "before.elf"), join(scratch, "after.elf")];
  guest.write(paths[0]);
  for (let i = 0; i < 2_000; i++) guest.map(guest.leaves[guest.random(guest.leaves.length)], 32 * guest.random(16));
  guest.write(paths[1]);
  const ratios = [];
  const frames = [];
  let last;
  for (let i = 0; i < REPETITIONS; i++) {
    const { context, page } = await openPage();
    const read = async () => {
      await page.evaluate(() => {
        const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, id: "yardstick" });
        document.body.append(input);
      });
      await page.setInputFiles("#yardstick", paths);
      return page.evaluate(readInSlices);
    };
    // Before and after: a machine that slows down slows both.
    const readBefore = await read();
    await page.evaluate(() => document.querySelector("#yardstick").remove());
    await watchFrames(page);
    const heap = sampleHeap(page);
    await page.evaluate(() => {
      document.querySelector("#file-input").addEventListener("input", () => {
        globalThis.started = performance.now();
      });
    });
    await page.setInputFiles("#file-input", paths);
    await page.waitForSelector(DONE, { timeout: 120_000 });
    const answered = await page.evaluate(() => performance.now() - globalThis.started);
    const events = await page.textContent("#count");
    await page.waitForSelector(".map-bars button", { timeout: 120_000 });
    frames.push(await longestFrame(page));
    const heapBytes = await heap.stop();
    const readAfter = await read();
    ratios.push(answered / ((readBefore + readAfter) / 2));
    last = {
      answered,
      reading: (readBefore + readAfter) / 2,
      heapBytes: Math.max(heapBytes, last?.heapBytes ?? 0),
      events,
    };
    await context.close();
  }
  add(
    "two 1 GiB dumps, 10,000 tables: answered, of merely reading both",
    `${median(ratios).toFixed(2)} [${ratios.map((ratio) => ratio.toFixed(2)).join(", ")}]`,
    "1.5",
  );
  add("  the last run: answer / reading", `${last.answered.toFixed(0)} / ${last.reading.toFixed(0)} ms, ${last.events}`, "");
  add(
    "  longest frame meanwhile, map included, of each run",
    `${median(frames).toFixed(0)} ms [${frames.map((ms) => ms.toFixed(0)).join(", ")}]`,
    "50 ms",
  );
  add("  the page's heap, at most", `${(last.heapBytes / MEBIBYTE).toFixed(0)} MiB`, "300 MB");
}

async function measureMillion(add) {
  const guest = new SyntheticGuest({ frames: GIBIBYTE_FRAMES / 4, tables: 2_000, pages: 0, seed: 11 });
  const paths = [join(scratch, "empty.elf"), join(scratch, "full.elf")];
  guest.write(paths[0]);
  for (const leaf of guest.leaves) for (let i = 0; i < 512; i++) guest.map(leaf, i);
  guest.write(paths[1]);
  const { context, page } = await openPage();
  await watchFrames(page);
  const heap = sampleHeap(page);
  await page.setInputFiles("#file-input", paths);
  await page.waitForSelector(DONE, { timeout: 120_000 });
  await page.waitForSelector(".map-bars button", { timeout: 120_000 });
  add(`${await page.textContent("#count")}: longest frame while they come`, `${(await longestFrame(page)).toFixed(0)} ms`, "50 ms");
  for (const [what, wheel] of [
    ["scrolled by wheel", async (step) => page.mouse.wheel(0, 300 + step * 40)],
    [
      "scrolled by dragging the bar",
      async (step) => page.evaluate((at) => (document.querySelector("#events").scrollTop = at * 97_013), step),
    ],
  ]) {
    await page.mouse.move(700, 800);
    await watchFrames(page);
    for (let step = 0; step < 90; step++) {
      await wheel(step);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    add(`  longest frame, ${what}`, `${(await longestFrame(page)).toFixed(0)} ms`, "50 ms");
  }
  await watchFrames(page);
  await page.fill("#address-filter", "0x8000000000+100M");
  await page.waitForTimeout(50);
  await page.waitForSelector(DONE);
  add(`  longest frame, filtered to ${await page.textContent("#count")}`, `${(await longestFrame(page)).toFixed(0)} ms`, "50 ms");
  add("  the page's heap, at most", `${((await heap.stop()) / MEBIBYTE).toFixed(0)} MiB`, "300 MB");
  await context.close();
}

/** Runs in the page: both files, one after the other, by a worker that only reads. */
async function readInSlices() {
  const files = [...document.querySelector("#yardstick").files];
  const text = `onmessage = ({ data }) => {
    const reader = new FileReaderSync();
    const start = performance.now();
    let sum = 0;
    for (const file of data)
      for (let at = 0; at < file.size; at += 2 ** 24) sum += new Uint8Array(reader.readAsArrayBuffer(file.slice(at, at + 2 ** 24)))[0];
    postMessage({ sum, taken: performance.now() - start });
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { taken } = await new Promise((answered) => {
    worker.onmessage = ({ data }) => answered(data);
    worker.postMessage(files);
  });
  worker.terminate();
  return taken;
}

async function watchFrames(page) {
  await page.evaluate(() => {
    const own = { longest: 0 };
    globalThis.frameWatch = own;
    let last = performance.now();
    const look = () => {
      const now = performance.now();
      own.longest = Math.max(own.longest, now - last);
      last = now;
      if (globalThis.frameWatch === own) requestAnimationFrame(look);
    };
    requestAnimationFrame(() => {
      last = performance.now();
      requestAnimationFrame(look);
    });
  });
}

async function longestFrame(page) {
  return page.evaluate(() => {
    const { longest } = globalThis.frameWatch;
    globalThis.frameWatch = undefined;
    return longest;
  });
}

/** The most that the page's own heap held, array buffers included, looked at ten times a second. */
function sampleHeap(page) {
  let most = 0;
  let isOver = false;
  const looking = (async () => {
    const session = await page.context().newCDPSession(page);
    while (!isOver) {
      const { usedSize, backingStorageSize = 0, embedderHeapUsedSize = 0 } = await session.send("Runtime.getHeapUsage");
      most = Math.max(most, usedSize + backingStorageSize + embedderHeapUsedSize);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await session.detach();
  })();
  // Where the page is gone, what it was asked for says so.
  looking.catch(() => {});
  return {
    async stop() {
      isOver = true;
      await looking;
      return most;
    },
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
