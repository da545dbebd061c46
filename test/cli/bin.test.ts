/** The executable as a process of its own: pipes, interrupts, exit statuses. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ringTables, writeTables } from "./support/spaces.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Two folders below the root, as in dist, where it looks for the package's manifest. */
const folder = join(root, "build", `cli-test-${process.pid}`);
const bin = join(folder, "bin.js");
const steps = Array.from({ length: 16 }, (_, step) => `samples/linux-6.1-x86_64/step-${String(step).padStart(2, "0")}.elf.gz`);
/** Some 700 kB of events: more than a pipe holds. */
const LOUD = ["replay", ...steps, "--watch", "0x100c0000000+6M=thp", "--watch", "0x10000000000+8M=small", "--json"];

/** Unfolds to 2^36 pages: a listing of it ends only where something ends it. */
const ring = join(folder, "ring.elf");
const OPEN_MS = 10;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeTables(ring, ringTables());
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

  it("leaves no half file on an interrupt, and what was there before, whatever the format", async () => {
    const at = (name: string) => join(folder, name);
    for (const [format, words] of [
      ["csv", ["maps", ring]],
      ["json", ["maps", ring]],
      ["parquet", ["maps", ring]],
      ["txt", ["maps", ring]],
    ] as const) {
      const file = at(`interrupted.${format}`);
      writeFileSync(file, "what was there before");
      const child = start([...words, "-o", file]);
      const errors = errorsOf(child);
      const closed = once(child, "exit");
      // It is at work once the file that is not whole yet lies beside it.
      const partials = () => readdirSync(folder).filter((name) => name.endsWith(".partial"));
      while (partials().length === 0) await new Promise((resolve) => setTimeout(resolve, OPEN_MS));
      child.kill("SIGINT");
      expect(await closed, format).toEqual([130, null]);
      expect(errors(), format).toBe("");
      expect(partials()).toEqual([]);
      expect(readFileSync(file, "utf8")).toBe("what was there before");
    }
  });

  it("leaves none either where it is terminated: status 143", async () => {
    const child = start(["maps", ring, "-o", join(folder, "terminated.csv")]);
    const closed = once(child, "exit");
    const names = () => readdirSync(folder).filter((name) => name.includes("terminated"));
    while (names().length === 0) await new Promise((resolve) => setTimeout(resolve, OPEN_MS));
    child.kill("SIGTERM");
    expect(await closed).toEqual([143, null]);
    expect(names()).toEqual([]);
  });

  it("leaves neither a file nor the folders that were made for it where it is interrupted", async () => {
    const fleet = join(folder, "fleet");
    const child = start(["maps", ring, "-o", `${fleet}/`]);
    const closed = once(child, "exit");
    while (!existsSync(fleet)) await new Promise((resolve) => setTimeout(resolve, OPEN_MS));
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(existsSync(fleet)).toBe(false);
  });

  it("ends quietly with 0 where the reader of an endless table goes, in every format", async () => {
    for (const format of ["table", "json", "csv", "parquet"]) {
      const child = start(["maps", ring, "--format", format]);
      const errors = errorsOf(child);
      const closed = once(child, "close");
      await once(child.stdout as NodeJS.ReadableStream, "data");
      child.stdout?.destroy();
      expect(await closed, format).toEqual([0, null]);
      expect(errors(), format).toBe("");
    }
  });

  it("writes to /dev/stdout and to a named pipe as to any, and ends quietly with 0 where the reader goes", async () => {
    const words = [process.execPath, bin, "maps", ring, "--limit", "5000", "-o", "/dev/stdout", "--format", "csv"];
    // Of a shell: what Node makes for its children are sockets.
    const { stdout } = spawnSync("sh", ["-c", '"$@" | cat', "sh", ...words], { encoding: "utf8" });
    expect(stdout.split("\n").length).toBe(5002);
    const pipe = join(folder, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const child = start(["maps", ring, "-o", pipe, "--format", "csv"]);
    const errors = errorsOf(child);
    const closed = once(child, "close");
    spawn("head", ["-n", "1", pipe], { stdio: "ignore" });
    expect(await closed).toEqual([0, null]);
    expect(errors()).toBe("");
  });

  it("waits for the reader of a named pipe, and is interrupted there and while it does not read", async () => {
    const pipe = join(folder, "unread");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const argv = ["maps", ring, "-o", pipe, "--format", "csv", "--limit", "100000"];
    for (const isRead of [false, true]) {
      const child = start([...argv, "--progress"]);
      const closed = once(child, "exit");
      const [said] = await once((child.stderr as NodeJS.ReadableStream).setEncoding("utf8"), "data");
      expect(said).toMatch(/^ptm: waiting for a reader of .*unread \(\d+ s\)\n$/);
      const reader = isRead
        ? spawn("sh", ["-c", `exec 3<${pipe}; echo; exec sleep 60`], { stdio: ["ignore", "pipe", "ignore"] })
        : undefined;
      if (reader) await once(reader.stdout as NodeJS.ReadableStream, "data");
      child.kill("SIGINT");
      expect(await closed, `${isRead}`).toEqual([130, null]);
      if (reader) {
        const gone = once(reader, "exit");
        reader.kill();
        await gone;
      }
    }
    const child = start(argv);
    const { stdout } = spawnSync("wc", ["-l", pipe], { encoding: "utf8" });
    expect(stdout).toMatch(/^100001 /);
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(0);
  });

  it("keeps little of an endless table, however slow its reader", async () => {
    const child = spawn(process.execPath, ["--max-old-space-size=64", bin, "maps", ring, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    const errors = errorsOf(child);
    const closed = once(child, "close");
    let bytes = 0;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > 40_000_000) break;
    }
    expect(await closed).toEqual([0, null]);
    expect(errors()).toBe("");
  });

  it("tells how far a long listing has come on standard error, where it is no terminal only if asked to", async () => {
    const child = start(["maps", ring, "--kernel", "--progress"]);
    const [text] = (await once((child.stderr as NodeJS.ReadableStream).setEncoding("utf8"), "data")) as [string];
    const closed = once(child, "exit");
    child.kill("SIGINT");
    expect((await closed)[0]).toBe(130);
    expect(text).toMatch(/^ptm: listing: [\d,]+ of 134,480,385 page tables, [\d,]+\/s, [\d,]+ (min|h) left \(\d+ s\)\n$/);
  });
});
