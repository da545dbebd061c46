/** Dark or light: as the system has it, until somebody chooses. Kept in this browser alone. */

import { effect, signal } from "@preact/signals";
import { forgetPalette } from "../drawing/palette.js";

export type Theme = "light" | "dark";

const KEY = "page-table-monitor theme";
const query = window.matchMedia("(prefers-color-scheme: dark)");

const chosen = signal<Theme | undefined>(storedTheme());
const system = signal<Theme>(query.matches ? "dark" : "light");
/** Goes up with every change: drawings listen to it. */
export const themeVersion = signal(0);

export function startTheme(): void {
  query.addEventListener("change", () => {
    system.value = query.matches ? "dark" : "light";
  });
  effect(() => {
    document.documentElement.dataset.theme = chosen.value ?? system.value;
    forgetPalette();
    themeVersion.value = themeVersion.peek() + 1;
  });
}

export function toggleTheme(): void {
  chosen.value = (chosen.value ?? system.value) === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, chosen.value);
  } catch {
    // A browser that keeps nothing still shows it.
  }
}

function storedTheme(): Theme | undefined {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : undefined;
  } catch {
    return undefined;
  }
}
