/** Headless Chromium as a test needs it: whether it is there, how it is started, and what a page needs to be cross-origin isolated. */

import type { Browser, Page } from "playwright-core";
import { CHROMIUM_HINT, hasChromiumFile } from "../../scripts/chromium.mjs";
import { requirement } from "./requirements.js";

export { launchChromium } from "../../scripts/chromium.mjs";
export { ISOLATION } from "../../scripts/web-server.mjs";

/**
 * A fresh page at `url`, its script having left `pageUnderTest`. What it says on its console and what it fails with
 * goes to `complaints`.
 */
export async function openPageUnderTest(browser: Browser, url: string, complaints: string[] = []): Promise<Page> {
  const page = await browser.newPage();
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  await page.waitForFunction("globalThis.pageUnderTest !== undefined");
  return page;
}

export const hasChromium = requirement("Chromium", hasChromiumFile(), CHROMIUM_HINT);
