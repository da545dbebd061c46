import type { UnreadableTable } from "../../index.js";
import type { Progress } from "../progress/progress.js";

/** How a listing tells what it meets, and hears of its end. */
export interface ListingContext {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly onUnreadable: (table: UnreadableTable) => void;
}
