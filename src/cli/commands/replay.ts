/** `ptm replay`, from words to output: a timeline for a person, or the events as a table. */

import { chooseOutput, pathFor, type RowsChoice } from "../arguments/output.js";
import { checkWatches, parseWatch } from "../arguments/watch.js";
import { type Destination, openDestination } from "../destination.js";
import { UsageError } from "../failure.js";
import { ALL_STRETCHES, DEFAULT_STRETCHES, Timeline, type TimelineOptions } from "../format/timeline.js";
import { type ReplayPart, replay } from "../results/replay.js";
import type { Session } from "../session.js";
import { type OpenTable, openTable } from "../table-output.js";
import { parseChoice, type TableWords } from "./words.js";

export interface ReplayWords extends TableWords {
  readonly watch: readonly string[];
  readonly all?: true;
}

type StepPart = ReplayPart & { readonly type: "step" };

/** Events between two looks at whether the reader keeps up. */
const SLICE_EVENTS = 4096;

export async function runReplay(session: Session, files: readonly string[], words: ReplayWords): Promise<void> {
  const choice = parseChoice(words);
  const watches = words.watch.map(parseWatch);
  checkWatches(watches);
  const output = chooseOutput(words, { dumps: files, isTerminal: session.isTerminal });
  const parts = replay({ files, watches, choice }, session);
  if (output.format === "table") {
    await writeTimeline(session, parts, { files, stretchLimit: words.all ? ALL_STRETCHES : DEFAULT_STRETCHES }, output.path);
  } else if (output.isFolder) {
    checkDistinct(output, files);
    await writePartitions(session, parts, output);
  } else {
    await writeEvents(session, parts, output);
  }
}

/**
 * Writes a step's lines as soon as the step is done, so that whoever watches sees them. Writes nothing where the first
 * dump cannot be read.
 */
async function writeTimeline(
  session: Session,
  parts: AsyncIterable<ReplayPart>,
  options: TimelineOptions,
  path: string | undefined,
): Promise<void> {
  let open: { readonly destination: Destination; readonly timeline: Timeline } | undefined;
  for await (const part of parts) {
    if (open === undefined) {
      const destination = await openDestination(session, path);
      open = { destination, timeline: new Timeline(destination.terminal, options) };
    }
    await writeLines(open.destination, open.timeline.lines(part));
  }
  if (open !== undefined) {
    await writeLines(open.destination, open.timeline.summary());
    await open.destination.end();
  }
}

async function writeLines(destination: Destination, lines: Iterable<string>): Promise<void> {
  for (const line of lines) {
    destination.write(`${line}\n`);
    await destination.drain();
  }
  await destination.flush();
}

/** Every step into one table. Nothing at all where the first dump cannot be read. */
async function writeEvents(session: Session, parts: AsyncIterable<ReplayPart>, output: RowsChoice): Promise<void> {
  let table: OpenTable<"events"> | undefined;
  for await (const part of parts) {
    table ??= await openTable(session, "events", output, part);
    if (part.type === "step") await writeStep(table, part);
  }
  await table?.end();
}

/** A table for each step, by its dump. */
async function writePartitions(session: Session, parts: AsyncIterable<ReplayPart>, output: RowsChoice): Promise<void> {
  for await (const part of parts) {
    if (part.type === "step") {
      const table = await openTable(session, "events", output, part);
      await writeStep(table, part);
      await table.end();
    }
  }
}

async function writeStep(table: OpenTable<"events">, { step, dump, events }: StepPart): Promise<void> {
  for (let from = 0; from < events.length; from += SLICE_EVENTS) {
    table.rows.columns(events, { step, dump }, from, Math.min(events.length, from + SLICE_EVENTS));
    await table.drain();
  }
  table.rows.flush();
  await table.flush();
}

/** Dumps of one name would lie in one place. */
function checkDistinct(output: RowsChoice, files: readonly string[]): void {
  const places = new Map<string | undefined, string>();
  for (const file of files) {
    const place = pathFor(output, "events", file);
    const other = places.get(place);
    if (other !== undefined) throw new UsageError(`-o ${output.path}: ${other} and ${file} have one name, and would lie in one folder`);
    places.set(place, file);
  }
}
