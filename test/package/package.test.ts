/**
 * The package as a user gets it, out of the tarball: plain ESM, strict TypeScript, the command, the documentation's examples.
 */

import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeExamples, commandExamples, differenceFrom } from "./examples.js";
import { copyOfPackage, type InstalledPackage, installPackage } from "./installed.js";

const CHECK = resolve("scripts/check-package.mjs");
const COMPILER = resolve("node_modules/typescript/bin/tsc");

describe("the packed package in an empty project", () => {
  let installed: InstalledPackage;
  beforeAll(() => {
    installed = installPackage();
  });
  afterAll(() => {
    installed?.remove();
  });

  test("works from plain ESM", () => {
    const { stdout, stderr, status } = installed.runModule(`
      import { openDump, PageTableMonitor } from "page-table-monitor";
      const dump = await openDump("samples/linux-6.1-x86_64/step-01.elf.gz");
      const monitor = await PageTableMonitor.create({ memory: dump });
      const { pa, pageSize, fault } = monitor.translate({ va: 0x10000182000n, root: dump.vcpus[0].root });
      console.log(dump.format, pa > 0n, pageSize, fault);
    `);

    expect({ stdout, stderr, status }).toEqual({ stdout: "elf true 4096 undefined\n", stderr: "", status: 0 });
  });

  test("compiles in strict TypeScript without the DOM's types and Node's, declarations checked, and runs", () => {
    cpSync(resolve("test/package/consumer"), installed.folder, { recursive: true });
    writeFileSync(
      join(installed.folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "es2022",
          module: "nodenext",
          lib: ["ES2023", "ESNext.Disposable"],
          types: [],
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          outDir: "compiled",
        },
        files: ["consumer.ts"],
      }),
    );
    const compiled = installed.run(process.execPath, COMPILER);
    expect(compiled.stdout).toBe("");
    expect(compiled.status).toBe(0);

    const { stdout, stderr } = installed.runModule('import { report } from "./compiled/consumer.js"; console.log(report);');
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      pa: "5234",
      entries: ["PML4E", "PDPTE", "PDE", "PTE"],
      pas: ["5000", "none"],
      marked: true,
      touched: 1,
      events: ["page-out 1000 init", "page-out 1234 init"],
      fault: "not-present",
      columns: 0,
      references: 1,
      refusal: "negative-address",
      csv:
        "step,dump,type,va,root,view,pa,pageSize,tag,fault\n" +
        "1,live,page-out,0x1000,0x1000,0,0x5000,4096,init,not-present\n" +
        "1,live,page-out,0x1234,0x1000,0,0x5234,4096,init,not-present\n",
      runs: [{ gfn: 0, count: 1 }],
    });
  });

  test("brings the command ptm", () => {
    const { stdout, status } = installed.run("npx", "--no-install", "ptm", "info", "samples/linux-6.1-x86_64/step-00.elf.gz", "--json");

    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file: "samples/linux-6.1-x86_64/step-00.elf.gz",
      format: "elf",
      vcpus: [{ root: "0x6772000" }],
    });
  });

  test("says its own version", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

    expect(installed.run("npx", "--no-install", "ptm", "--version").stdout.trim()).toBe(version);
  });

  test("offers nothing that it does not have: what is inside stays inside", () => {
    const { stdout } = installed.runModule(`
      const refused = await Promise.all(["/worker/start", "/dist/index.js", "/core", "/src/index.js"].map((path) =>
        import("page-table-monitor" + path).then(() => "found", (error) => error.code)));
      console.log(refused.join());
    `);

    expect(stdout.trim()).toBe(Array(4).fill("ERR_PACKAGE_PATH_NOT_EXPORTED").join());
  });

  test("names the core by a path that a bundler can resolve", () => {
    const { stdout } = installed.runModule(`
      import { readFileSync } from "node:fs";
      const bytes = readFileSync(new URL(import.meta.resolve("page-table-monitor/core/private-simd.wasm")));
      console.log(WebAssembly.validate(bytes));
    `);

    expect(stdout).toBe("true\n");
  });

  test.each(codeExamples())("the example at $place runs and gives what its comments say", ({ source }) => {
    const { stdout, stderr, status } = installed.runModule(source);
    const promised = [...source.matchAll(/^\/\/ → ?(.*)$/gm)].map(([, line]) => line ?? "");

    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(differenceFrom(promised.join("\n"), stdout)).toBeUndefined();
  });

  test.each(commandExamples())("the command at $place gives the output that stands there", ({ words, output }) => {
    // As a shell would: the name of a folder's files, in order.
    const { stdout, status } = installed.run("sh", "-c", `npx --no-install ${words.join(" ")}`);

    expect(differenceFrom(output, stdout)).toBeUndefined();
    expect(status).toBe(0);
  });
});

describe("the check of the package", () => {
  test("passes what is here: its size, its files, publint, attw", () => {
    const { stdout, status } = spawnSync(process.execPath, [CHECK], { encoding: "utf8" });

    expect(stdout).not.toContain("FAILED");
    expect(status).toBe(0);
  });

  test("fails on a file too many, on one too few, on types that are not found", () => {
    const folder = copyOfPackage();
    try {
      writeFileSync(join(folder, "dist/index.js.map"), "{}");
      rmSync(join(folder, "dist/core/private-simd.wasm"));
      rmSync(join(folder, "dist/index.d.ts"));
      const { stdout, status } = spawnSync(process.execPath, [CHECK, folder], { encoding: "utf8" });
      const failed = stdout.split("\n").filter((line) => line.startsWith("FAILED"));

      expect(stdout).toContain("needless: dist/index.js.map");
      expect(stdout).toContain("dist/core/private-simd.wasm");
      expect(failed.map((line) => line.replace("FAILED ", ""))).toEqual([
        "all that is promised is packed",
        "nothing is packed that is not needed",
        "publint finds nothing",
        "attw finds nothing",
      ]);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
