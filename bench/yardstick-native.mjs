/**
 * The yardsticks of yardstick.c: built once with the system's compiler, then asked from row to row in a process of their own.
 */

import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("yardstick.c", import.meta.url));
const COMPILER = process.env.CC || "cc";
const FLAGS = ["-O3"];

/** Builds the yardsticks to `path`; answers the compiler's first line of itself, undefined where there is no compiler. */
export function buildNativeYardstick(path) {
  const said = spawnSync(COMPILER, ["--version"], { encoding: "utf8" });
  if (said.error || said.status !== 0) return undefined;
  const built = spawnSync(COMPILER, [...FLAGS, "-o", path, SOURCE], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`${COMPILER} does not build yardstick.c:\n${built.stderr}`);
  return `${said.stdout.split("\n")[0]} ${FLAGS.join(" ")}`;
}

export class NativeYardstick {
  #process;
  #answers;

  /** `program` as built, over the world in a file. */
  constructor(program, worldPath) {
    this.#process = spawn(program, [worldPath], { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** ns of processor time a unit: "hashed" and "flat" a walk, "compare" a byte. */
  async measure(name) {
    this.#process.stdin.write(`${name}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the yardstick has ended instead of measuring ${name}`);
    const [ns, units] = value.split(" ").map(Number);
    return ns / units;
  }

  end() {
    this.#process.stdin.end();
  }
}
