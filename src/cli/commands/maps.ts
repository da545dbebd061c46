/** `ptm maps`, from words to output. */

import type { UnreadableTable } from "../../index.js";
import type { Dump } from "../../model/dump.js";
import { type AddressSpace, findAddressSpace } from "../address-space.js";
import { type FilterWords, isSummable, type MappingFilter, parseMappingFilter } from "../arguments/mapping-filter.js";
import { chooseOutput, type OutputChoice, type RowsChoice, type TextChoice } from "../arguments/output.js";
import { checkRangeCanonical } from "../arguments/range.js";
import { openDestination } from "../destination.js";
import { UsageError } from "../failure.js";
import { jsonLine } from "../format/json.js";
import { MapsText, summaryText } from "../format/maps-text.js";
import type { ListingContext } from "../results/listing-context.js";
import { maps, summary } from "../results/maps.js";
import type { Session } from "../session.js";
import { openTable } from "../table-output.js";
import { withDump } from "../with-dump.js";
import { parseChoice, type TableWords } from "./words.js";

export interface MapsWords extends TableWords, FilterWords {
  readonly summary?: true;
}

/** What is listed. */
interface Listing {
  readonly file: string;
  readonly dump: Dump;
  readonly space: AddressSpace;
  readonly filter: MappingFilter;
  readonly context: ListingContext;
}

export async function runMaps(session: Session, file: string, words: MapsWords): Promise<void> {
  const choice = parseChoice(words);
  const filter = parseMappingFilter(words);
  const output = chooseOutput(words, { dumps: [file], isTerminal: session.isTerminal });
  if (words.summary) checkSummary(words, output);
  await withDump(session, file, async (dump) => {
    const space = findAddressSpace(file, dump, choice);
    checkRangeCanonical(filter.range, space.arch.virtualAddressBits);
    const { signal, progress, problems } = session;
    const context = { signal, progress, onUnreadable: (table: UnreadableTable) => problems.addUnreadable(file, space.arch, table) };
    const listing = { file, dump, space, filter, context };
    if (words.summary) await writeSummary(session, listing, output);
    else if (output.format === "table") await writeText(session, listing, output);
    else await writeRows(session, listing, output);
  });
}

function checkSummary(words: MapsWords, output: OutputChoice): void {
  if (!isSummable(words)) {
    throw new UsageError("--summary counts without listing: it goes with --range and the access, not with --min-size, --pa or --limit");
  }
  if (output.format !== "table" && (output.format !== "json" || output.isFolder)) {
    throw new UsageError("--summary is a table or JSON: csv and parquet hold the stretches themselves");
  }
}

async function writeSummary(session: Session, { dump, space, filter, context }: Listing, { format, path }: OutputChoice): Promise<void> {
  const sum = await summary(dump, space, filter, context);
  const destination = await openDestination(session, path);
  destination.write(format === "json" ? jsonLine(sum) : summaryText(space, sum, filter.words, destination.terminal));
  await destination.end();
}

async function writeText(session: Session, { dump, space, filter, context }: Listing, { path }: TextChoice): Promise<void> {
  const destination = await openDestination(session, path);
  const text = new MapsText(destination.terminal, filter);
  for (const line of text.head(space)) destination.write(`${line}\n`);
  for await (const rows of maps(dump, space, filter, context)) {
    for (const row of rows) destination.write(`${text.row(row)}\n`);
    await destination.drain();
  }
  for (const line of text.foot(session.problems.unreadableTables)) destination.write(`${line}\n`);
  await destination.end();
}

async function writeRows(session: Session, { file, dump, space, filter, context }: Listing, output: RowsChoice): Promise<void> {
  const table = await openTable(session, "mappings", output, { dump: file, root: space.root });
  for await (const rows of maps(dump, space, filter, context)) {
    for (const row of rows) table.rows.row(row);
    await table.drain();
  }
  await table.end();
}
