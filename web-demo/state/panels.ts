/** What is open of the page: the panel of dumps and question, and the list of keys. */

import { signal } from "@preact/signals";
import { answer } from "./answer.js";

/** Undefined: open where there is room for it. */
const isSetupOpen = signal<boolean | undefined>(undefined);
const ROOM_FOR_SETUP = 1400;

export function setupShown(): boolean {
  return isSetupOpen.value ?? (answer.value === undefined || window.innerWidth >= ROOM_FOR_SETUP);
}

export function toggleSetup(): void {
  isSetupOpen.value = !setupShown();
}

export const isHelpOpen = signal(false);

export function openHelp(): void {
  isHelpOpen.value = true;
}
