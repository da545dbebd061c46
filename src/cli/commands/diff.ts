/** `ptm diff`, from words to output. */

import type { Change, UnreadableTable } from "../../index.js";
import type { Architecture } from "../../model/architecture.js";
import { PageTableError } from "../../model/errors.js";
import { hex } from "../../model/hex.js";
import { findAddressSpace, type SpaceChoice } from "../address-space.js";
import { parseCount } from "../arguments/number.js";
import { chooseOutput, type RowsChoice, type TextChoice } from "../arguments/output.js";
import { checkRangeCanonical, parseRange } from "../arguments/range.js";
import { openDestination } from "../destination.js";
import { UsageError } from "../failure.js";
import { DiffText } from "../format/diff-text.js";
import { commonRoots, type DiffOptions, type DumpPair, diff, diffOfAll } from "../results/diff.js";
import type { ListingContext } from "../results/listing-context.js";
import type { Session } from "../session.js";
import { openTable } from "../table-output.js";
import { counted } from "../terminal/text.js";
import { withDump } from "../with-dump.js";
import { parseChoice, type TableWords } from "./words.js";

export interface DiffWords extends TableWords {
  readonly all?: true;
  readonly range?: string;
  readonly limit?: string;
}

/** What is compared: the changes as they come, and what they are changes of. */
interface Comparison {
  readonly pair: DumpPair;
  readonly changes: AsyncIterable<readonly Change[]>;
  /** Undefined: all. */
  readonly root: bigint | undefined;
  /** In words. */
  readonly where: string;
  readonly limit: number;
}

export async function runDiff(session: Session, before: string, after: string, words: DiffWords): Promise<void> {
  const choice = parseChoice(words);
  if (words.all && choice.root !== undefined) {
    throw new UsageError("--all compares every root that both dumps hold: leave out --root, or --all");
  }
  const options = {
    range: words.range === undefined ? undefined : parseRange(words.range),
    limit: words.limit === undefined ? Number.POSITIVE_INFINITY : parseCount(words.limit, "--limit"),
  };
  const output = chooseOutput(words, { dumps: [before, after], isTerminal: session.isTerminal });
  await withDump(session, before, (dumpBefore) =>
    withDump(session, after, async (dumpAfter) => {
      const pair = { before: { file: before, dump: dumpBefore }, after: { file: after, dump: dumpAfter } };
      checkModes(pair);
      const comparison = await (words.all ? compareAll : compareOne)(session, pair, choice, options);
      await (output.format === "table" ? writeText(session, comparison, output) : writeRows(session, comparison, output));
    }),
  );
}

/** Before anything is written. */
function checkModes({ before, after }: DumpPair): void {
  const [one, other] = [before, after].map(({ dump }) => dump.vcpus.find(({ arch }) => arch !== undefined)?.arch?.name);
  if (one !== undefined && other !== undefined && one !== other) {
    const message = `${before.file} is of mode ${one}, ${after.file} of mode ${other}: two dumps of one guest are compared, while it runs in one mode`;
    throw new PageTableError("mode-mismatch", message, { before: one, after: other });
  }
}

type Compare = (session: Session, pair: DumpPair, choice: SpaceChoice, options: DiffOptions) => Promise<Comparison>;

const compareOne: Compare = async (session, pair, choice, options) => {
  const space = findAddressSpace(pair.before.file, pair.before.dump, choice);
  checkRangeCanonical(options.range, space.arch.virtualAddressBits);
  return {
    pair,
    changes: diff(pair, space, options, contextOf(session, pair, space.arch)),
    root: space.root,
    where: `root ${hex(space.root)} (${space.arch.name})`,
    limit: options.limit,
  };
};

const compareAll: Compare = async (session, pair, choice, options) => {
  const { roots, arch, onlyBefore, onlyAfter } = await commonRoots(pair, choice.arch, session);
  if (arch === undefined) {
    throw new UsageError(`--all: neither ${pair.before.file} nor ${pair.after.file} has a page that looks like a top-level table`);
  }
  checkRangeCanonical(options.range, arch.virtualAddressBits);
  noteSingles(session, pair.before.file, onlyBefore);
  noteSingles(session, pair.after.file, onlyAfter);
  return {
    pair,
    changes: diffOfAll(pair, roots, arch, options, contextOf(session, pair, arch)),
    root: undefined,
    where: `${counted(roots.length, "root")} (${arch.name})`,
    limit: options.limit,
  };
};

/** Address spaces that came or went have nothing to be compared with. */
function noteSingles(session: Session, file: string, roots: readonly bigint[]): void {
  if (roots.length > 0) {
    session.problems.addNote(
      `${file} alone has ${roots.length === 1 ? "the root" : "the roots"} ${roots.map(hex).join(", ")}: not compared`,
    );
  }
}

function contextOf({ signal, progress, problems }: Session, pair: DumpPair, arch: Architecture): ListingContext {
  const onUnreadable = (table: UnreadableTable) => problems.addUnreadable(sideOf(pair, table), arch, table);
  return { signal, progress, onUnreadable };
}

/** Which of the two dumps lacks `table`. */
function sideOf({ before, after }: DumpPair, table: UnreadableTable): string {
  return table.in === "before" ? before.file : after.file;
}

async function writeText(session: Session, { pair, changes, root, where, limit }: Comparison, { path }: TextChoice): Promise<void> {
  const destination = await openDestination(session, path);
  const text = new DiffText(destination.terminal, root === undefined ? "of-all" : "of-one");
  for (const line of text.head({ before: pair.before.file, after: pair.after.file, where })) destination.write(`${line}\n`);
  for await (const rows of changes) {
    for (const change of rows) destination.write(`${text.row(change)}\n`);
    await destination.drain();
  }
  for (const line of text.foot(limit, session.problems.unreadableTables)) destination.write(`${line}\n`);
  await destination.end();
}

async function writeRows(session: Session, { pair, changes, root }: Comparison, output: RowsChoice): Promise<void> {
  const table = await openTable(session, "changes", output, { dump: pair.after.file, root });
  for await (const rows of changes) {
    for (const change of rows) table.rows.row(change);
    await table.drain();
  }
  await table.end();
}
