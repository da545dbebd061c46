/** Headless Chromium as a test needs it: whether it is there, how it is started, and what a page needs to be cross-origin isolated. */

import { CHROMIUM_HINT, hasChromiumFile } from "../../scripts/chromium.mjs";
import { requirement } from "./requirements.js";

export { launchChromium } from "../../scripts/chromium.mjs";
export { ISOLATION } from "../../scripts/web-server.mjs";

export const hasChromium = requirement("Chromium", hasChromiumFile(), CHROMIUM_HINT);
