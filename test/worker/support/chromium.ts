/**
 * Headless Chromium for tests: where it is, and how it is started.
 */

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { requirement } from "../../support/requirements.js";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const hasChromium = requirement("Chromium", existsSync(CHROMIUM), "apt-get install chromium, or name it in CHROMIUM_PATH");

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
}

/** What a page needs to be cross-origin isolated. */
export const ISOLATION = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
