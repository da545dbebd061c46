/** What is open of the page: the panel of dumps and question, and the list of keys. */

import { signal } from "@preact/signals";
import { answer } from "./answer.js";

/** Undefined: open where there is room for it. */
const isSetupOpen = signal<boolean | undefined>(undefined);
/** Asked of the media, since asking the window for its width lays the page out. */
const roomForSetup = matchMedia("(min-width: 1400px)");
const hasRoom = signal(roomForSetup.matches);
roomForSetup.addEventListener("change", ({ matches }) => {
  hasRoom.value = matches;
});

export function setupShown(): boolean {
  return isSetupOpen.value ?? (answer.value === undefined || hasRoom.value);
}

export function toggleSetup(): void {
  isSetupOpen.value = !setupShown();
}

export const isHelpOpen = signal(false);

export function openHelp(): void {
  isHelpOpen.value = true;
}
