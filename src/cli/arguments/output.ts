/**
 * In which form a result goes where: `--format`, `--json`, `-o`.
 *
 * A file's ending tells its format where nothing else does. A folder (one that exists, or a path that ends in a slash)
 * gets a file for each dump, laid out as query engines expect a partitioned table:
 * `dump=NAME/root=PA/mappings.parquet`.
 */

import { type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { TableFormat, TableKind } from "../../export/kinds.js";
import { hex } from "../../model/hex.js";
import { UsageError } from "../failure.js";

/** "table" is what a person reads. */
type Format = "table" | TableFormat;

export interface OutputWords {
  readonly json?: true;
  readonly format?: string;
  readonly output?: string;
}

/** For people. */
export interface TextChoice {
  readonly format: "table";
  /** Undefined: standard output. */
  readonly path: string | undefined;
}

/** For programs. */
export interface RowsChoice {
  readonly format: TableFormat;
  readonly path: string | undefined;
  readonly isFolder: boolean;
}

export type OutputChoice = TextChoice | RowsChoice;

const FORMATS: readonly Format[] = ["table", "json", "csv", "parquet"];
const FOLDER_FORMAT = "parquet";
const ENDINGS: readonly (readonly [string, Format])[] = [
  [".json", "json"],
  [".jsonl", "json"],
  [".ndjson", "json"],
  [".csv", "csv"],
  [".parquet", "parquet"],
  [".txt", "table"],
];
/** What a file in a folder ends in. */
const ENDING_OF: Readonly<Record<TableFormat, string>> = { json: "jsonl", csv: "csv", parquet: "parquet" };

/** What a command reads, and what its standard output is. */
export interface OutputContext {
  readonly dumps: readonly string[];
  readonly isTerminal: boolean;
}

/**
 * Throws UsageError where the words contradict each other, the format of a file cannot be told, or a dump would be
 * overwritten.
 */
export function chooseOutput({ json, format: word, output: path }: OutputWords, { dumps, isTerminal }: OutputContext): OutputChoice {
  const given = givenFormat(json, word);
  if (path === undefined) {
    if (given === "parquet" && isTerminal) throw new UsageError("Parquet is not for a terminal: give -o FILE, or a pipe");
    return choice(given ?? "table", path);
  }
  if (path === "") throw new UsageError("-o: the path is empty");
  if (namesFolder(path)) {
    if (given === "table") throw new UsageError(`-o ${path}: a folder gets json, csv or parquet, no table for people`);
    return { format: given ?? FOLDER_FORMAT, path, isFolder: true };
  }
  if (dumps.some((dump) => isSameFile(dump, path))) throw new UsageError(`-o ${path}: that is a dump that is to be read: it would be lost`);
  const format = given ?? ENDINGS.find(([ending]) => path.toLowerCase().endsWith(ending))?.[1];
  if (format === undefined) {
    throw new UsageError(`-o ${path}: its ending tells no format: give --format ${FORMATS.join("|")}, or "/" at the end for a folder`);
  }
  return choice(format, path);
}

function choice(format: Format, path: string | undefined): OutputChoice {
  return format === "table" ? { format, path } : { format, path, isFolder: false };
}

function givenFormat(json: true | undefined, word: string | undefined): Format | undefined {
  const format = word === undefined ? undefined : FORMATS.find((known) => known === word);
  if (word !== undefined && format === undefined) throw new UsageError(`--format ${word}: no such format; there are ${FORMATS.join(", ")}`);
  if (json && format !== undefined && format !== "json") throw new UsageError(`--json and --format ${format} contradict each other`);
  return json ? "json" : format;
}

function namesFolder(path: string): boolean {
  return path.endsWith("/") || (tryStat(path)?.isDirectory() ?? false);
}

/** By any name, a link's too. */
function isSameFile(one: string, other: string): boolean {
  const [a, b] = [tryStat(one), tryStat(other)];
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** Undefined where there is nothing, or nothing that may be looked at. */
function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Where the rows of one dump go, and of one root where they are of one. */
export function pathFor({ format, path, isFolder }: RowsChoice, kind: TableKind, dump: string, root?: bigint): string | undefined {
  if (path === undefined || !isFolder) return path;
  const parts = [`dump=${encodeURIComponent(basename(dump))}`, ...(root === undefined ? [] : [`root=${hex(root)}`])];
  return join(path, ...parts, `${kind}.${ENDING_OF[format]}`);
}
