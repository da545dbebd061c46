/** The row of the event list that the keyboard is on: its place among the filtered rows. */

import { signal } from "@preact/signals";

export const listCursor = signal(0);
