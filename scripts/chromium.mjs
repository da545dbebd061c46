/**
 * Headless Chromium, for tests, benchmarks and pictures: where it is, and how it is started.
 *
 * It talks to nobody: whatever it would ask of the network by itself is switched off.
 */

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PATH = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const FLAGS = [
  // Its sandbox needs rights that containers do not give.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const CHROMIUM_HINT = "apt-get install chromium, or name it in CHROMIUM_PATH";

export function hasChromiumFile() {
  return existsSync(PATH);
}

/** `moreFlags` come behind those that all share. */
export function launchChromium(moreFlags = []) {
  return chromium.launch({ executablePath: PATH, headless: true, args: [...FLAGS, ...moreFlags] });
}
