/**
 * `ptm`: the command line, and the one place where errors become messages and exit statuses.
 *
 * Results go to standard output, everything else to standard error, and no error ever shows a stack trace. An interrupt ends
 * it at once, wherever it is; a reader that has gone ends it quietly.
 */

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { architectureNames } from "../index.js";
import { messageOf, PipeClosedError, STATUS_DONE, STATUS_DUMP, STATUS_INTERRUPTED, STATUS_USAGE, UsageError } from "./failure.js";
import { printable } from "./format/text.js";
import type { CommonWords, ReplayWords, SpaceWords } from "./run.js";
import { runInfo, runReplay, runWalk } from "./run.js";
import type { Io } from "./session.js";
import { Session } from "./session.js";

export type { Io } from "./session.js";

/** Runs one command line, without the interpreter and the script's name. The exit status; never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const session = new Session(io);
  try {
    return await Promise.race([runToStatus(argv, session), interrupted(io.signal)]);
  } finally {
    session.close();
  }
}

async function runToStatus(argv: readonly string[], session: Session): Promise<number> {
  try {
    await makeProgram(session).parseAsync([...argv], { from: "user" });
    return await session.finish();
  } catch (error) {
    return await failureStatus(error, session);
  }
}

async function failureStatus(error: unknown, session: Session): Promise<number> {
  if (error instanceof PipeClosedError) {
    return STATUS_DONE;
  }
  try {
    if (error instanceof CommanderError) {
      // Help that was asked for has exit code 0; commander has written its words to the session already.
      await session.finish();
      return error.exitCode === 0 ? STATUS_DONE : STATUS_USAGE;
    }
    await session.finish();
    session.errors.writeLine(`ptm: ${printable(messageOf(error))}`);
    await session.flushErrors();
  } catch {
    // Neither stream can be written to: the exit status still says it.
  }
  return error instanceof UsageError ? STATUS_USAGE : STATUS_DUMP;
}

function interrupted(signal: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve) => {
    const stop = () => resolve(STATUS_INTERRUPTED);
    if (signal?.aborted) {
      stop();
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function makeProgram(session: Session): Command {
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
    .addHelpText("after", HELP);
  const infoCommand = program.command("info").description("what a dump holds: frames, vCPUs, damage").argument("<dump>", "path of a dump");
  addCommon(infoCommand).action((file: string, words: CommonWords) => runInfo(session, file, words));

  const walkCommand = program.command("walk").description("the page-table entries behind each address, and where it lies");
  walkCommand.argument("<dump>", "path of a dump").argument("<va...>", "virtual addresses");
  addSpace(walkCommand).action((file: string, vas: string[], words: SpaceWords) => runWalk(session, file, vas, words));

  const replayCommand = program.command("replay").description("what became of the watched addresses from each dump to the next");
  replayCommand.argument("<dump...>", "paths of dumps of one guest, in the order of time");
  addSpace(replayCommand)
    .option("--watch <va[+length][=tag]>", "what to watch; may be given again", gather, [])
    .option("--all", "list every stretch of addresses, not just the largest")
    .addHelpText("after", REPLAY_HELP)
    .action((files: string[], words: ReplayWords) => runReplay(session, files, words));
  return program;
}

const HELP = `
Addresses: 0x7ffe1000, 7ffe\`1000 (a backtick or a hex letter makes it hex) or
decimal; "_" is ignored. Lengths: the same, also with K, M, G.

Examples:
  ptm info memory.elf
  ptm walk memory.elf 0x7f12a000 --root 0x6772000
  ptm replay before.elf after.elf --watch 0x10000000000+8M=heap --json

Exit status: 0 done, 1 a dump cannot be read or is damaged, 2 wrong usage,
130 interrupted.`;

const REPLAY_HELP = `
--watch VA is that one address; with +LENGTH it is an address a page, from the
page of VA to the page of its last byte. The tag names it in the result; where
none is given it is VA. Of an address watched twice the first tag stays.`;

function addCommon(command: Command): Command {
  return command
    .option("--arch <name>", `paging mode: ${architectureNames.join(", ")} (from the dump's notes, else amd64)`)
    .option("--json", "one JSON object a line");
}

function addSpace(command: Command): Command {
  return addCommon(command).option("--root <pa>", "physical address of the top-level table (from the dump's notes)");
}

function gather(word: string, words: readonly string[]): readonly string[] {
  return [...words, word];
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { readonly version: string }).version;
}
