/**
 * The `ptm` line that gives what the page shows.
 *
 * A watch list is one `ptm replay`; a whole space is a `ptm diff` for each two dumps that follow each other. What the command has no
 * option for, a filter by type or address, is left to `jq` behind `--json`.
 */

import type { EventType } from "./events.js";
import type { StepRange } from "./filter.js";
import { hex } from "./format.js";
import { type Watch, watchText } from "./watch-list.js";

export interface CommandRequest {
  /** In the order of the replay, with their steps. */
  readonly dumps: readonly { readonly name: string; readonly step: number }[];
  readonly root: bigint;
  readonly mode: string;
  /** Undefined: everything. */
  readonly watches: readonly Watch[] | undefined;
  readonly types: readonly EventType[];
  readonly steps: StepRange | undefined;
  /** Half-open. */
  readonly range: { readonly from: bigint; readonly to: bigint } | undefined;
  /** Only what carries this tag. */
  readonly tag: string | undefined;
}

/** Unquoted where a shell leaves it alone. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Empty where the filters leave nothing to ask for. */
export function commandLine(request: CommandRequest): string {
  const { root, mode, range } = request;
  if (range !== undefined && range.from >= range.to) return "";
  const space = `--root ${hex(root)} --arch ${mode}`;
  const dumps = dumpsOf(request);
  if (request.watches === undefined) {
    const pairs = dumps
      .slice(1)
      .map((after, i) => `ptm diff ${shell(dumps[i]?.name ?? "")} ${shell(after.name)} ${space}${selection(request)}`);
    return pairs.join("\n");
  }
  const names = dumps.map(({ name }) => shell(name)).join(" ");
  const watches = watchesOf(request, request.watches);
  if (watches.length === 0) return "";
  const watched = watches.map((watch) => `--watch ${shell(watchText(watch))}`).join(" ");
  return `ptm replay ${names} ${watched} ${space}${selection({ ...request, range: undefined })}`;
}

/** The dumps of the chosen steps, and the one before them. */
function dumpsOf({ dumps, steps }: CommandRequest): CommandRequest["dumps"] {
  if (steps === undefined) return dumps;
  const first = dumps.findIndex(({ step }) => step >= steps.from);
  return dumps.filter(({ step }, i) => i >= Math.max(0, first - 1) && step <= steps.to);
}

function watchesOf({ tag, range }: CommandRequest, watches: readonly Watch[]): readonly Watch[] {
  return watches.flatMap((watch) => {
    if (tag !== undefined && watch.tag !== tag) return [];
    if (range === undefined) return [watch];
    const end = watch.va + (watch.length ?? 1n);
    const from = watch.va > range.from ? watch.va : range.from;
    const to = end < range.to ? end : range.to;
    return from >= to ? [] : [{ va: from, length: watch.length === undefined ? undefined : to - from, tag: watch.tag }];
  });
}

function selection({ types, range }: CommandRequest): string {
  const bounds = range === undefined ? "" : ` --range ${hex(range.from)}-${hex(range.to)}`;
  if (types.length === 0) return bounds;
  const condition = types.map((type) => `.type == "${type}"`).join(" or ");
  return `${bounds} --json | jq -c 'select(${condition})'`;
}

function shell(text: string): string {
  // What begins with a dash would be an option.
  const name = text.startsWith("-") ? `./${text}` : text;
  return PLAIN.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
