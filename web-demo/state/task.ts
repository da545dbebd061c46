/**
 * What lasts: one task at a time in the foreground, how far it is, how fast, and its Cancel.
 */

import { signal } from "@preact/signals";

export interface Task {
  readonly title: string;
  /** From 0 to 1; undefined: not known. */
  readonly done: number | undefined;
  /** "120 MiB/s". */
  readonly rate: string;
  cancel(): void;
}

export const task = signal<Task | undefined>(undefined);

/** Progress is shown this often, at most. */
const REPORT_MILLISECONDS = 50;

export interface TaskReport {
  readonly signal: AbortSignal;
  /** `amount` counts from the start of the task, in what `rateText` is given. */
  report(title: string, done: number | undefined, amount?: number): void;
}

/** Runs `work` as the task of the page; another one that is running is cancelled first. */
export async function runTask<T>(
  title: string,
  rateText: (perSecond: number) => string,
  work: (report: TaskReport) => Promise<T>,
): Promise<T> {
  task.value?.cancel();
  const controller = new AbortController();
  const started = performance.now();
  const cancel = (): void => controller.abort();
  let reported = 0;
  let own: Task = { title, done: undefined, rate: "", cancel };
  task.value = own;
  const report = (newTitle: string, done: number | undefined, amount = 0): void => {
    const now = performance.now();
    if (controller.signal.aborted || (now - reported < REPORT_MILLISECONDS && newTitle === own.title)) return;
    reported = now;
    const seconds = (now - started) / 1000;
    const isCurrent = task.value === own;
    own = { title: newTitle, done, rate: amount > 0 && seconds > 0 ? rateText(amount / seconds) : "", cancel };
    if (isCurrent) task.value = own;
  };
  try {
    return await work({ signal: controller.signal, report });
  } finally {
    if (task.value === own) task.value = undefined;
  }
}
