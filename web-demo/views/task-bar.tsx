/** What lasts: how far, how fast, how long still, and Cancel. Shown only where it lasts. */

import { dropUnopened } from "../state/loading.js";
import { longTasks, type Task, tasks } from "../state/task.js";

export function TaskBar() {
  if (longTasks.value.length === 0) return null;
  return (
    <div class="tasks">
      {longTasks.value.map((task) => (
        <TaskLine key={task.kind} task={task} />
      ))}
    </div>
  );
}

function TaskLine({ task }: { readonly task: Task }) {
  const percent = task.done === undefined ? undefined : Math.floor(task.done * 100);
  const facts = [percent === undefined ? "" : `${percent} %`, task.rate, task.left].filter((part) => part !== "");
  return (
    <div class="task" data-kind={task.kind}>
      <progress aria-label={task.title} max={100} value={percent} />
      <span class="task-title">{task.title}</span>
      <span class="quiet mono task-facts">{facts.join(" · ")}</span>
      <button type="button" onClick={() => cancel(task)} aria-label={`Cancel: ${task.title}`}>
        Cancel
      </button>
    </div>
  );
}

/** The one that began last; false: there is none. */
export function cancelLastTask(): boolean {
  const last = tasks.value.at(-1);
  if (last !== undefined) cancel(last);
  return last !== undefined;
}

function cancel({ kind, cancel: stop }: Task): void {
  stop();
  if (kind === "loading") dropUnopened();
}
