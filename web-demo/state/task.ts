/**
 * What lasts: how far each task is, how fast, how long it still takes, and its Cancel.
 *
 * One of a kind at a time: another one takes its place. Those of different kinds go on side by side.
 */

import { computed, signal } from "@preact/signals";
import { duration } from "../model/format.js";

export type TaskKind = "loading" | "comparing" | "finding" | "mapping" | "exporting";

export interface Task {
  readonly kind: TaskKind;
  readonly title: string;
  /** From 0 to 1; undefined: not known. */
  readonly done: number | undefined;
  /** "120 MiB/s". */
  readonly rate: string;
  /** "12 s left". */
  readonly left: string;
  /** What is over soon was never worth a bar. */
  readonly isLong: boolean;
  cancel(): void;
}

export const tasks = signal<readonly Task[]>([]);
export const longTasks = computed(() => tasks.value.filter(({ isLong }) => isLong));

const LONG_MILLISECONDS = 250;
/** Progress is shown this often, at most. */
const REPORT_MILLISECONDS = 50;
/** Before that, how long it still takes is anybody's guess. */
const GUESS_SECONDS = 0.8;
const GUESS_SHARE = 0.02;

export interface TaskReport {
  readonly signal: AbortSignal;
  /** `amount` counts from the start of the task, in what `rateText` is given. */
  report(title: string, done: number | undefined, amount?: number): void;
}

/** Runs `work` as a task of the page. */
export async function runTask<T>(
  kind: TaskKind,
  title: string,
  rateText: (perSecond: number) => string,
  work: (report: TaskReport) => Promise<T>,
): Promise<T> {
  tasks
    .peek()
    .find((other) => other.kind === kind)
    ?.cancel();
  const controller = new AbortController();
  const started = performance.now();
  const cancel = (): void => controller.abort();
  let reported = 0;
  let own: Task = { kind, title, done: undefined, rate: "", left: "", isLong: false, cancel };
  const show = (next: Task): void => {
    tasks.value = tasks.peek().map((task) => (task === own ? next : task));
    own = next;
  };
  tasks.value = [...tasks.peek().filter((task) => task.kind !== kind), own];
  const timer = setTimeout(() => show({ ...own, isLong: true }), LONG_MILLISECONDS);
  const report = (newTitle: string, done: number | undefined, amount = 0): void => {
    const now = performance.now();
    if (controller.signal.aborted || (now - reported < REPORT_MILLISECONDS && newTitle === own.title)) return;
    reported = now;
    const seconds = (now - started) / 1000;
    const rate = amount > 0 && seconds > 0 ? rateText(amount / seconds) : "";
    const isKnown = done !== undefined && done >= GUESS_SHARE && seconds >= GUESS_SECONDS;
    show({ ...own, title: newTitle, done, rate, left: isKnown ? `${duration((seconds * (1 - done)) / done)} left` : "" });
  };
  try {
    return await work({ signal: controller.signal, report });
  } finally {
    clearTimeout(timer);
    tasks.value = tasks.peek().filter((task) => task !== own);
  }
}
