/**
 * The answer: asked anew whenever dumps, root or watch list change; filtered anew whenever filters do.
 */

import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { EventStore } from "../model/events.js";
import { type FilteredEvents, filterEvents } from "../model/filter.js";
import { bytes, counted } from "../model/format.js";
import { type Lane, tagsOf } from "../model/lanes.js";
import type { Watch } from "../model/watch-list.js";
import { isAbort, problemText } from "../session/problem-text.js";
import { type ReplayDump, type ReplayRequest, replay, type StepOutcome } from "../session/replay.js";
import { complaints, dumps, isOpening, readyDumps } from "./dumps.js";
import { engine } from "./engine.js";
import { space, watchList, watchMode } from "./question.js";
import { runTask } from "./task.js";
import { chosenStep, filter } from "./view.js";

export interface Answer {
  readonly request: ReplayRequest;
  readonly store: EventStore;
  readonly tags: readonly string[];
  readonly isTagged: boolean;
  readonly outcomes: readonly StepOutcome[];
  readonly status: "running" | "done" | "cancelled";
  /** Set where it ended before its end. */
  readonly problem: string | undefined;
}

export const answer = signal<Answer | undefined>(undefined);
/** What has come is shown this often, at most. */
const PUBLISH_MILLISECONDS = 250;
/** … and filtering what has come takes at most one part in so many. */
const FILTERING_SHARE = 6;
const IN_A_ROW_MILLISECONDS = 200;
let lastAsked = Number.NEGATIVE_INFINITY;
const FIRST_DRAWING_MILLISECONDS = 20;
export const filtered = signal<FilteredEvents | undefined>(undefined);
export const isFiltering = signal(false);

export const stepCount = computed(() => dumps.value.length);

/** Names of ranges, where everything is looked at. */
const names = computed<readonly Watch[]>(() => watchList.value.watches);

const request = computed<ReplayRequest | undefined>(() => {
  if (isOpening.value || space.value === undefined) return undefined;
  const { root, arch } = space.value;
  const fitting = readyDumps.value.filter(({ dump }) => modeOf(dump) === undefined || modeOf(dump) === arch.name);
  const watches = watchMode.value === "list" ? watchList.value.watches : undefined;
  if (fitting.length < 2 || watches?.length === 0) return undefined;
  return { dumps: fitting.map(({ step, dump }) => ({ step, dump })), root, arch, watches };
});

/** By what the answer follows from: another order of signals with the same outcome asks nothing anew. */
const requestKey = computed(() => {
  const now = request.value;
  if (now === undefined) return undefined;
  const ids = now.dumps.map(({ step }) => `${step}:${dumps.value[step]?.id}`).join(" ");
  const watched = now.watches?.map(({ va, length, tag }) => `${va}+${length}=${tag}`).join("\n");
  return `${ids} ${now.root} ${now.arch.name} ${dumps.value.length} ${watched}`;
});

export function modeOf(dump: { readonly vcpus: readonly { readonly arch?: { readonly name: string } }[] }): string | undefined {
  return dump.vcpus.find(({ arch }) => arch !== undefined)?.arch?.name;
}

let asking: AbortController | undefined;

/** Starts listening to what is asked. */
export function startAnswering(): void {
  effect(() => {
    // Only the key is listened to.
    if (requestKey.value === undefined) {
      asking?.abort();
      batch(() => {
        answer.value = undefined;
        filtered.value = undefined;
      });
    } else {
      untracked(() => void ask());
    }
  });
  effect(() => {
    const now = answer.value;
    if (now === undefined) return;
    const [wanted, watches, steps] = [filter.value, names.value, stepCount.value];
    untracked(() => void refilter(now, wanted, watches, steps));
  });
}

/** Once more, what was cancelled. */
export function askAgain(): void {
  void ask();
}

async function ask(): Promise<void> {
  const asked = request.peek();
  if (asked === undefined) return;
  asking?.abort();
  const own = new AbortController();
  asking = own;
  const store = new EventStore();
  const tags = asked.watches === undefined ? [] : tagsOf(asked.watches);
  let outcomes: readonly StepOutcome[] = [];
  const found = new Map<number, string>();
  let publishing: ReturnType<typeof setTimeout> | undefined;
  const set = (status: Answer["status"], problem?: string): void => {
    clearTimeout(publishing);
    publishing = undefined;
    if (asking !== own) return;
    batch(() => {
      complaints.value = new Map(found);
      answer.value = { request: asked, store, tags, isTagged: asked.watches !== undefined, outcomes, status, problem };
    });
  };
  // A step takes less than a page takes to be drawn.
  const publish = (): void => {
    publishing ??= setTimeout(() => set("running"), Math.max(PUBLISH_MILLISECONDS, FILTERING_SHARE * lastPassMilliseconds));
  };
  // Where nothing is shown yet, the dumps are drawn first: not all of the instrument in one frame.
  if (answer.peek() === undefined) await new Promise((resolve) => setTimeout(resolve, FIRST_DRAWING_MILLISECONDS));
  if (own.signal.aborted) return;
  sayMisfits(found, asked);
  // Rows of the answer before are none of this one's.
  filtered.value = undefined;
  set("running");
  const isInRow = performance.now() - lastAsked < IN_A_ROW_MILLISECONDS;
  lastAsked = performance.now();
  // A step that is passed over, or gone, has nothing to show.
  const compared = asked.dumps.slice(1).map(({ step }) => step);
  if (!asked.dumps.some(({ step }) => step === chosenStep.peek()))
    chosenStep.value = compared.find((step) => step >= chosenStep.peek()) ?? compared.at(-1) ?? 1;
  try {
    await runTask(
      "comparing",
      "Comparing",
      (rate) => `${bytes(rate)}/s`,
      async ({ signal: cancelled, report }) => {
        const signal = AbortSignal.any([own.signal, cancelled]);
        let title = "Comparing";
        const nameOf = ({ step }: ReplayDump): string | undefined => dumps.peek()[step]?.name;
        const listener = {
          onWatching(first: ReplayDump) {
            title = `Looking up the addresses in ${nameOf(first)}`;
          },
          onPair(before: ReplayDump, after: ReplayDump) {
            title = `Comparing ${nameOf(before)} with ${nameOf(after)}`;
          },
          onProgress(done: number, total: number) {
            report(title, done === 0 ? undefined : done / total, done);
          },
          onStep(outcome: StepOutcome) {
            outcomes = [...outcomes, outcome];
            const missing = outcome.unreadable.length;
            const id = dumps.peek()[outcome.step]?.id;
            if (missing > 0 && id !== undefined)
              found.set(
                id,
                `${counted(missing, "table")} that walks lead to ${missing === 1 ? "is" : "are"} not in the dump: what lies below is unknown`,
              );
            publish();
          },
          onRows: publish,
          onProblem(step: number, problem: string) {
            const id = dumps.peek()[step]?.id;
            if (id !== undefined) found.set(id, problem);
            publish();
          },
        };
        // A dump that is dragged past a hundred others asks a hundred times: the last one counts.
        if (isInRow) await new Promise((resolve) => setTimeout(resolve, IN_A_ROW_MILLISECONDS));
        signal.throwIfAborted();
        await replay(await engine(), asked, store, listener, signal);
      },
    );
    set("done");
  } catch (error) {
    if (own.signal.aborted) return;
    set(isAbort(error) ? "cancelled" : "done", isAbort(error) ? undefined : problemText(error));
  }
}

function sayMisfits(found: Map<number, string>, { arch }: ReplayRequest): void {
  for (const { item, dump } of readyDumps.peek()) {
    const mode = modeOf(dump);
    if (mode !== undefined && mode !== arch.name) found.set(item.id, `its mode is ${mode}, not ${arch.name}: passed over`);
  }
}

let lastPassMilliseconds = 0;
let filtering: AbortController | undefined;
let runningFilter = false;
let again: (() => void) | undefined;

/** While rows stream in, one pass follows the other; a new filter stops the pass that is running. */
async function refilter(now: Answer, wanted: (typeof filter)["value"], watches: readonly Watch[], steps: number): Promise<void> {
  const pass = async (): Promise<void> => {
    const own = new AbortController();
    filtering = own;
    runningFilter = true;
    isFiltering.value = true;
    const started = performance.now();
    try {
      const question = { store: now.store, steps, filter: wanted, isTagged: now.isTagged, watches: now.request.watches ?? watches };
      const result = await filterEvents(question, own.signal);
      if (answer.peek()?.store === now.store) filtered.value = result;
    } catch (error) {
      if (!isAbort(error)) throw error;
    } finally {
      lastPassMilliseconds = performance.now() - started;
      runningFilter = false;
      isFiltering.value = false;
      const next = again;
      again = undefined;
      next?.();
    }
  };
  if (!runningFilter) return pass();
  again = () => void pass();
  if (now.status !== "running") filtering?.abort();
}

/** Lanes as they are drawn now. */
export function laneByKey(key: string): Lane | undefined {
  return filtered.value?.lanes.find((lane) => lane.key === key);
}
