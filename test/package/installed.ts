/**
 * The package as a user gets it: packed, and installed from the tarball into an empty project in a temporary folder.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InstalledPackage {
  /** The project's folder; `samples` in it leads to the repository's. */
  readonly folder: string;
  run(command: string, ...commandArguments: readonly string[]): Outcome;
  /** Runs ESM source as a file of the project. */
  runModule(source: string): Outcome;
  remove(): void;
}

export function installPackage(): InstalledPackage {
  refuseStaleBuild();
  const folder = mkdtempSync(join(tmpdir(), "installed-package-"));
  // The scripts would build anew, under the feet of other tests.
  const packed = run(resolve("."), "npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder]);
  const [{ filename }] = JSON.parse(expectSuccess(packed).stdout) as [{ filename: string }];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty-project", private: true, type: "module" }));
  expectSuccess(run(folder, "npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${filename}`]));
  symlinkSync(resolve("samples"), join(folder, "samples"));
  return {
    folder,
    run: (command, ...commandArguments) => run(folder, command, commandArguments),
    runModule: (source) => {
      writeFileSync(join(folder, "program.js"), source);
      return run(folder, process.execPath, ["program.js"]);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A copy of what goes into a tarball and what check-package.mjs goes by, to break. */
export function copyOfPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), "broken-package-"));
  for (const name of ["package.json", "asconfig.json", "README.md", "LICENSE", "CHANGELOG.md", "dist", "src"]) {
    cpSync(resolve(name), join(folder, name), { recursive: true });
  }
  return folder;
}

/** What is packed is dist/; tests of an older one would say nothing of the sources. */
function refuseStaleBuild(): void {
  const built = statSync("dist/index.js", { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const name of ["src", "assembly"].flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))),
  )) {
    if (name.endsWith(".ts") && !name.includes("generated") && statSync(name).mtimeMs > built) {
      throw new Error(`${name} is newer than dist/: run npm run build`);
    }
  }
}

function run(cwd: string, command: string, commandArguments: readonly string[]): Outcome {
  // As on a terminal of 100 columns without colour, whoever runs the tests.
  const env = { ...process.env, NO_COLOR: "1", COLUMNS: "100" };
  const { status, stdout, stderr } = spawnSync(command, commandArguments, { cwd, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

function expectSuccess(outcome: Outcome): Outcome {
  if (outcome.status !== 0) {
    throw new Error(`exit status ${outcome.status}: ${outcome.stderr}`);
  }
  return outcome;
}
