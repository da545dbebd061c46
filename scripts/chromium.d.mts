import type { Browser } from "playwright-core";

export const CHROMIUM_HINT: string;
export function hasChromiumFile(): boolean;
export function launchChromium(moreFlags?: readonly string[]): Promise<Browser>;
