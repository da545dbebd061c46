/** The executable as a process of its own: pipes, interrupts, exit statuses. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Two folders below the root, as in dist, where it looks for the package's manifest. */
const folder = join(root, "build", `cli-test-${process.pid}`);
const bin = join(folder, "bin.js");
const steps = Array.from({ length: 16 }, (_, step) => `samples/linux-6.1-x86_64/step-${String(step).padStart(2, "0")}.elf.gz`);
/** Some 700 kB of events: more than a pipe holds. */
const LOUD = ["replay", ...steps, "--watch", "0x100c0000000+6M=thp", "--watch", "0x10000000000+8M=small", "--json"];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(root, "src/cli/bin.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    outfile: bin,
    logLevel: "error",
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [bin, ...argv], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
}

function errorsOf(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

describe("the executable", () => {
  it("ends with the status of its command, and never shows a stack trace", () => {
    const run = (...argv: string[]) => spawnSync(process.execPath, [bin, ...argv], { cwd: root, encoding: "utf8" });
    const cases: readonly (readonly [number, readonly string[]])[] = [
      [0, ["info", steps[0] as string]],
      [0, ["--version"]],
      [1, ["info", "nowhere.elf"]],
      [1, ["info", "."]],
      [2, ["walk", steps[0] as string, "0x800000000000"]],
      [2, []],
    ];
    for (const [status, argv] of cases) {
      const result = run(...argv);
      expect([result.status, result.signal], argv.join(" ")).toEqual([status, null]);
      expect(result.stderr === "", argv.join(" ")).toBe(status === 0);
      expect(result.stderr).not.toMatch(/\n\s+at |node:internal/);
    }
  });

  it("writes everything before it ends, also to a slow reader", async () => {
    const child = start(LOUD);
    const errors = errorsOf(child);
    const closed = once(child, "close");
    let bytes = 0;
    let tail = "";
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      tail = chunk.toString("utf8").slice(-200);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const [status] = await closed;
    expect([status, errors()]).toEqual([0, ""]);
    expect(bytes).toBeGreaterThan(500_000);
    expect(tail.endsWith("}\n")).toBe(true);
    expect(tail).toContain('"step":15');
  });

  it("ends quietly with 0 where its reader goes, in the midst or before the first line", async () => {
    for (const takesFirst of [true, false]) {
      const child = start(LOUD);
      const errors = errorsOf(child);
      const closed = once(child, "close");
      if (takesFirst) {
        await once(child.stdout as NodeJS.ReadableStream, "data");
      }
      child.stdout?.destroy();
      const [status, signal] = await closed;
      expect([status, signal, errors()], `${takesFirst}`).toEqual([0, null, ""]);
    }
  });

  it("ends with its status also where nobody reads its errors", async () => {
    const child = start(["info", "nowhere.elf"]);
    child.stderr?.destroy();
    child.stdout?.resume();
    const [status] = await once(child, "close");
    expect(status).toBe(1);
  });

  it("ends with 130 on an interrupt, also while its reader keeps it waiting", async () => {
    const child = start(LOUD);
    const errors = errorsOf(child);
    const closed = once(child, "exit");
    await once(child.stdout as NodeJS.ReadableStream, "readable");
    child.kill("SIGINT");
    const [status, signal] = await closed;
    expect([status, signal, errors()]).toEqual([130, null, ""]);
  });
});
