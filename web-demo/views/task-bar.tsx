/** What lasts: how far, how fast, and Cancel. Shown only where it lasts. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { dropUnopened } from "../state/loading.js";
import { task } from "../state/task.js";

/** What is over by then was never worth a bar. */
const PATIENCE_MILLISECONDS = 250;
const isPatienceOver = signal(false);

export function TaskBar() {
  const now = task.value;
  const isRunning = now !== undefined;
  useEffect(() => {
    if (!isRunning) {
      isPatienceOver.value = false;
      return;
    }
    const timer = setTimeout(() => {
      isPatienceOver.value = true;
    }, PATIENCE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [isRunning]);
  if (now === undefined || !isPatienceOver.value) return null;
  const percent = now.done === undefined ? undefined : Math.round(now.done * 100);
  return (
    <div class="task">
      <progress aria-label={now.title} max={100} value={percent} />
      <span class="task-title">{now.title}</span>
      <span class="quiet mono">{[percent === undefined ? "" : `${percent} %`, now.rate].filter((part) => part !== "").join(" · ")}</span>
      <button type="button" onClick={cancelTask}>
        Cancel
      </button>
    </div>
  );
}

export function cancelTask(): void {
  task.value?.cancel();
  dropUnopened();
}
