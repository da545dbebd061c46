/**
 * The commands and their options, as the command line has them, and their help. Each command's code is loaded when it
 * runs.
 */

import { readFileSync } from "node:fs";
import { Command } from "commander";
import { architectureNames } from "../index.js";
import type { DiffWords } from "./commands/diff.js";
import type { MapsWords } from "./commands/maps.js";
import type { ReplayWords } from "./commands/replay.js";
import type { CommonWords, SpaceWords, TableWords } from "./commands/words.js";
import type { Session } from "./session.js";

/** The program; what its commands find goes to `session`. */
export function makeProgram(session: Session): Command {
  const program = new Command("ptm")
    .description("Which guest virtual addresses are backed by physical memory, and when that changes: over memory dumps.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => session.out.write(text),
      writeErr: (text) => session.errors.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "ptm: ")),
      getOutHelpWidth: () => session.terminal.width,
      getErrHelpWidth: () => session.terminal.width,
    })
    .showHelpAfterError("(ptm --help lists the commands and their options)")
    .addHelpText("after", HELP)
    .hook("preAction", (_program, command) => {
      if ((command.opts() as CommonWords).progress) session.progress.askFor();
    });
  addInfo(program, session);
  addWalk(program, session);
  addMaps(program, session);
  addRoots(program, session);
  addDiff(program, session);
  addReplay(program, session);
  return program;
}

function addInfo(program: Command, session: Session): void {
  const command = program.command("info").description("what a dump holds: frames, vCPUs, damage").argument("<dump>", "path of a dump");
  addCommon(command).action(async (file: string, words: CommonWords) => (await import("./commands/info.js")).runInfo(session, file, words));
}

function addWalk(program: Command, session: Session): void {
  const command = program.command("walk").description("the page-table entries behind each address, and where it lies");
  command.argument("<dump>", "path of a dump").argument("<va...>", "virtual addresses");
  addSpace(command).action(async (file: string, vas: string[], words: SpaceWords) =>
    (await import("./commands/walk.js")).runWalk(session, file, vas, words),
  );
}

function addMaps(program: Command, session: Session): void {
  const command = program.command("maps").description("what an address space maps, and with which access");
  addTables(addSpace(command.argument("<dump>", "path of a dump")))
    .option("--range <from-to>", "only these addresses: FROM-TO (half-open) or FROM+LENGTH")
    .option("--writable", "only what can be written")
    .option("--executable", "only what can be executed")
    .option("--wx", "only what can be written and executed")
    .option("--user", "only what user mode may reach")
    .option("--kernel", "only what the kernel alone may reach")
    .option("--min-size <length>", "only stretches of this length or more")
    .option("--pa <pa>", "only what maps the frame of this physical address")
    .option("--limit <number>", "no more stretches than this")
    .option("--summary", "pages and bytes by page size and access, without listing")
    .action(async (file: string, words: MapsWords) => (await import("./commands/maps.js")).runMaps(session, file, words));
}

function addRoots(program: Command, session: Session): void {
  const command = program.command("roots").description("which address spaces a dump holds, best first, and why");
  addTables(addCommon(command.argument("<dump>", "path of a dump"))).action(async (file: string, words: TableWords) =>
    (await import("./commands/roots.js")).runRoots(session, file, words),
  );
}

function addDiff(program: Command, session: Session): void {
  const command = program.command("diff").description("what changed in an address space from one dump to another");
  command.argument("<before>", "path of a dump").argument("<after>", "path of a later dump of the same guest");
  addTables(addSpace(command))
    .option("--all", "every root that both dumps hold; what roots share is said once")
    .option("--range <from-to>", "only these addresses: FROM-TO (half-open) or FROM+LENGTH")
    .option("--limit <number>", "no more changes than this")
    .action(async (before: string, after: string, words: DiffWords) =>
      (await import("./commands/diff.js")).runDiff(session, before, after, words),
    );
}

function addReplay(program: Command, session: Session): void {
  const command = program.command("replay").description("what became of the watched addresses from each dump to the next");
  command.argument("<dump...>", "paths of dumps of one guest, in the order of time");
  addTables(addSpace(command))
    .option("--watch <va[+length][=tag]>", "what to watch; may be given again", gather, [])
    .option("--all", "list every stretch of addresses, not just the largest")
    .addHelpText("after", REPLAY_HELP)
    .action(async (files: string[], words: ReplayWords) => (await import("./commands/replay.js")).runReplay(session, files, words));
}

const HELP = `
Addresses: 0x7ffe1000, 7ffe\`1000 (a backtick or a hex letter makes it hex) or
decimal; "_" is ignored. Lengths: the same, also with K, M, G.

Examples:
  ptm info memory.elf
  ptm walk memory.elf 0x7f12a000 --root 0x6772000
  ptm roots memory.elf
  ptm maps memory.elf --wx
  ptm diff before.elf after.elf --all -o changes.parquet
  ptm replay before.elf after.elf --watch 0x10000000000+8M=heap --json

Exit status: 0 done, 1 a dump cannot be read or is damaged, 2 wrong usage,
130 interrupted, 143 terminated.`;

const TABLES_HELP = `
-o FILE: its ending tells the format (.json, .jsonl, .csv, .parquet, .txt),
unless --format does. A folder (with "/" at its end, or one that is there) gets
a file for each dump, Parquet unless told otherwise: FOLDER/dump=NAME/….parquet.
A file appears when it is whole. docs/tables.md has the columns.`;

const REPLAY_HELP = `
--watch VA is that one address; with +LENGTH it is an address a page, from the
page of VA to the page of its last byte. The tag names it in the result; where
none is given it is VA. Of an address watched twice the first tag stays.`;

function addCommon(command: Command): Command {
  return command
    .option("--arch <name>", `paging mode: ${architectureNames.join(", ")} (from the dump's notes, else amd64)`)
    .option("--json", "one JSON object a line")
    .option("--progress", "say how far it is also where standard error is no terminal");
}

function addSpace(command: Command): Command {
  return addCommon(command).option("--root <pa>", "physical address of the top-level table (from the dump's notes)");
}

function addTables(command: Command): Command {
  return command
    .option("--format <format>", "table, json, csv or parquet")
    .option("-o, --output <file>", "write to a file, or to a folder by dump")
    .addHelpText("after", TABLES_HELP);
}

function gather(word: string, words: readonly string[]): readonly string[] {
  return [...words, word];
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { readonly version: string }).version;
}
