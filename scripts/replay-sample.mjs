/**
 * Replays the bundled capture: `ptm replay` over its sixteen dumps, watching every region of the program that ran in the guest.
 *
 * The regions and what the program did before each dump come from the record that was kept while the capture was made. Further
 * words go to the command: `npm run replay -- --all`, or `--json`.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const command = join(root, "dist/cli/bin.js");
const sample = join(root, "samples/linux-6.1-x86_64");
const PAGE_KIB = 4;
const LABELS_A_LINE = 4;
const LABEL_WIDTH = 13;

if (!existsSync(command)) {
  console.error("dist/cli/bin.js is not there: npm run build makes it");
  process.exit(1);
}

const steps = readFileSync(join(sample, "truth.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const regions = steps[0].procs[0].regions;
const dumps = readdirSync(sample)
  .filter((name) => /^step-\d+\.elf(\.gz)?$/.test(name))
  .sort()
  .map((name) => relative(process.cwd(), join(sample, name)));
const watches = regions.flatMap(({ name, start, pages }) => ["--watch", `${start}+${pages * PAGE_KIB}K=${name}`]);

console.error("A program in a Linux 6.1 guest, and what it did before each dump:");
for (let i = 0; i < steps.length; i += LABELS_A_LINE) {
  console.error(
    steps
      .slice(i, i + LABELS_A_LINE)
      .map(({ step, label }) => `${String(step).padStart(4)} ${label.padEnd(LABEL_WIDTH)}`)
      .join("")
      .trimEnd(),
  );
}
console.error("");
const { status, signal } = spawnSync(process.execPath, [command, "replay", ...dumps, ...watches, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? (signal === "SIGINT" ? 130 : 1));
