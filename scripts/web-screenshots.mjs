/**
 * `npm run web:screenshots`: pictures of the page as it is, for whoever changes it to look at, and the one in the README.
 *
 * usage: web-screenshots.mjs [FOLDER]        web-demo/screenshots where none is given
 */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { launchChromium } from "./chromium.mjs";
import { buildPage } from "./web-build.mjs";
import { serveFolder } from "./web-server.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const capture = join(repository, "samples/linux-6.1-x86_64");
const folder = resolve(process.argv[2] ?? join(repository, "web-demo/screenshots"));
const DONE = "#events[data-status=done][data-filtered=yes]";
const SIZES = { wide: { width: 1920, height: 1080 }, narrow: { width: 1024, height: 768 } };

/** Each: where it begins, and what is done before the picture is taken. */
const VIEWS = {
  start: { hash: "", work: async () => {} },
  sample: { hash: "#sample=1&step=10", work: answered },
  filtered: { hash: "#sample=1&types=page-out+remap&address=0x10000000000%2B8M&step=14", work: answered },
  split: { hash: "#sample=1&step=11&steps=11-11&lane=tag+thp&va=0x100c0000000&level=2", work: inspected },
  errors: { hash: "", work: errors },
  keys: { hash: "#sample=1", work: async (page) => answered(page).then(() => page.keyboard.press("?")) },
};

const scratch = mkdtempSync(join(tmpdir(), "web-screenshots-"));
const server = await serveFolder(await buildPage(join(scratch, "page")));
const browser = await launchChromium();
mkdirSync(folder, { recursive: true });
try {
  for (const [view, { hash, work }] of Object.entries(VIEWS)) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"]) await take(`${view}-${size}-${colorScheme}`, hash, work, viewport, colorScheme);
    }
  }
  const pictures = join(repository, "docs/screenshots");
  mkdirSync(pictures, { recursive: true });
  if (process.argv[2] === undefined) copyFileSync(join(folder, "split-wide-light.png"), join(pictures, "page.png"));
} finally {
  await browser.close();
  await server.close();
  rmSync(scratch, { recursive: true, force: true });
}

async function take(name, hash, work, viewport, colorScheme) {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(`${server.origin}/${hash}`);
  await page.waitForSelector(".header");
  await work(page);
  // Over nothing that would light up.
  await page.mouse.move(viewport.width / 2, 2);
  // Drawings follow a frame behind.
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(name);
  await context.close();
}

async function answered(page) {
  await page.waitForSelector(DONE);
  await page.waitForSelector(".map-bars button");
  await page.waitForSelector(".task", { state: "detached" });
}

async function inspected(page) {
  await answered(page);
  await page.waitForSelector(".walk .level");
}

/** A cut-off dump, a text, and two that are whole. */
async function errors(page) {
  const read = (name) => readFileSync(join(capture, name));
  const whole = gunzipSync(read("step-02.elf.gz"));
  const notes = join(scratch, "step-03-notes.txt");
  writeFileSync(notes, "Monday: dumped the guest, went for lunch\n");
  await page.setInputFiles("#file-input", [
    { name: "step-00.elf.gz", mimeType: "", buffer: read("step-00.elf.gz") },
    { name: "step-01.elf.gz", mimeType: "", buffer: read("step-01.elf.gz") },
    { name: "step-02-cut.elf", mimeType: "", buffer: whole.subarray(0, whole.length - 150_000) },
    { name: "step-03-notes.txt", mimeType: "text/plain", buffer: readFileSync(notes) },
  ]);
  await answered(page);
  // Where the list of dumps is folded away, it is looked at all the same.
  if (!(await page.isVisible(".dumps"))) await page.keyboard.press("b");
  // From the dump that is cut off to the text.
  await page.click("#troubled-button");
  await page.click("#troubled-button");
  await page.evaluate(() => document.activeElement?.blur());
}
