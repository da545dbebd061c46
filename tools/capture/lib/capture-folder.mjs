/**
 * A capture on disk: meta.json, truth.jsonl and the dumps, as README.md describes them.
 *
 * The truth names pages by runs; `pagemapOf` gives them one by one.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CaptureError, existingFolder, UsageError } from "./command.mjs";
import { ElfCore } from "./elf-core.mjs";
import { MODES } from "./walk.mjs";

export const PAGE = 4096n;
/** Pagemap bits 63 and 62, shifted right by 55 as in the runs. */
export const PRESENT = 0x100;
export const SWAPPED = 0x80;

/**
 * @param {string | undefined} path
 * @returns {{ path: string, meta: object, mode: object, steps: readonly object[] }}
 */
export function readCapture(path) {
  const folder = existingFolder(path, "the capture's folder");
  const missing = ["meta.json", "truth.jsonl"].find((file) => !existsSync(join(folder, file)));
  if (missing !== undefined) throw new UsageError(`'${folder}' is no capture: it has no ${missing}`);
  const meta = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8"));
  const mode = MODES[meta.mode];
  if (mode === undefined) throw new CaptureError(`'${folder}': unknown mode '${meta.mode}', expected ${Object.keys(MODES).join(", ")}`);
  const lines = readFileSync(join(folder, "truth.jsonl"), "utf8").trim().split("\n");
  return { path: folder, meta, mode, steps: lines.map((line) => JSON.parse(line)) };
}

/** Where a step's dump lies: the file that the truth names, or its gzip-compressed form. */
export function dumpPath(folder, step) {
  const plain = join(folder, step.dump);
  return existsSync(plain) ? plain : `${plain}.gz`;
}

export function openStep(capture, step) {
  const path = dumpPath(capture.path, step);
  if (!existsSync(path)) throw new CaptureError(`step ${step.step} has no dump: neither '${join(capture.path, step.dump)}' nor its .gz`);
  return new ElfCore(path);
}

/** The region's pages that are present or swapped: page index to { value, flags }. */
export function pagemapOf(region) {
  const pages = new Map();
  for (const [first, count, value, flags] of region.runs) {
    for (let i = 0; i < count; i++) pages.set(first + i, { value: BigInt(value) + BigInt(i), flags });
  }
  return pages;
}

/** True for addresses in mappings without any access: resident there, yet with the present bit clear (PROT_NONE). */
export function noAccessIn(process) {
  const ranges = process.maps.filter(([, , access]) => access.startsWith("---")).map(([from, to]) => [BigInt(from), BigInt(to)]);
  return (va) => ranges.some(([from, to]) => va >= from && va < to);
}

export function vaOf(region, page) {
  return BigInt(region.start) + PAGE * BigInt(page);
}
