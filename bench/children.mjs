/**
 * The processes that measure: started one after the other, each answering through its channel.
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const WORLD_PROCESS = fileURLToPath(new URL("world-process.mjs", import.meta.url));
const SPACE_PROCESS = fileURLToPath(new URL("space-process.mjs", import.meta.url));
const FRESH_PROCESS = fileURLToPath(new URL("fresh-process.mjs", import.meta.url));

/** Runs the rows of one world; `onFigure` gets each as it comes. */
export function runWorld(task, onFigure) {
  return runChild(WORLD_PROCESS, [], task, onFigure);
}

/** Runs the rows of one world of whole address spaces. */
export function runSpaceWorld(task, onFigure) {
  return runChild(SPACE_PROCESS, [], task, onFigure);
}

/** Asks a fresh process one question. */
export async function askFresh(task) {
  let answer;
  await runChild(FRESH_PROCESS, ["--expose-gc"], task, (said) => {
    answer = said;
  });
  return answer;
}

function runChild(path, execArgv, task, onMessage) {
  return new Promise((resolve, reject) => {
    const child = fork(path, [JSON.stringify(task)], { execArgv });
    child.on("message", onMessage);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${task.world}: the measuring process ended with ${signal ?? code}`));
    });
  });
}
