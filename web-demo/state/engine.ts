/** The one worker of the page, started with the page so that it is there when the first dump is. */

import { type Engine, startEngine } from "../session/engine.js";

let starting: Promise<Engine> | undefined;

export function engine(): Promise<Engine> {
  starting ??= startEngine();
  return starting;
}
