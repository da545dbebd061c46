/**
 * The commands from the words of the command line to their lines of output: opens, calls, formats, closes.
 */

import { statSync } from "node:fs";
import { openDump } from "../index.js";
import type { Dump } from "../model/dump.js";
import { chooseArchitecture, findAddressSpace, type SpaceChoice } from "./address-space.js";
import { parseAddress } from "./arguments/number.js";
import { checkCanonical, checkWatches, parseWatch } from "./arguments/watch.js";
import { info } from "./commands/info.js";
import { replay } from "./commands/replay.js";
import { walk } from "./commands/walk.js";
import { infoText } from "./format/info-text.js";
import { jsonLine } from "./format/json.js";
import { eventLines } from "./format/replay-json.js";
import { ALL_STRETCHES, DEFAULT_STRETCHES, Timeline } from "./format/timeline.js";
import { walkText } from "./format/walk-text.js";
import type { Session } from "./session.js";

/** As the command line has them. */
export interface CommonWords {
  readonly arch?: string;
  readonly json?: true;
}

export interface SpaceWords extends CommonWords {
  readonly root?: string;
}

export interface ReplayWords extends SpaceWords {
  readonly watch: readonly string[];
  readonly all?: true;
}

export async function runInfo(session: Session, file: string, words: CommonWords): Promise<void> {
  chooseArchitecture(words.arch);
  await withDump(session, file, async (dump) => {
    const result = info(file, dump);
    session.out.write(words.json ? jsonLine(result) : infoText(result, fileBytes(file), session.terminal));
  });
}

export async function runWalk(session: Session, file: string, vaWords: readonly string[], words: SpaceWords): Promise<void> {
  const choice = parseChoice(words);
  const vas = vaWords.map((word) => parseAddress(word, "VA"));
  await withDump(session, file, async (dump) => {
    const space = findAddressSpace(file, dump, choice);
    for (const va of vas) {
      checkCanonical(va, space.arch.virtualAddressBits, "VA");
    }
    let isFirst = true;
    for await (const translation of walk(dump, space, vas)) {
      if (words.json) {
        session.out.write(jsonLine(translation));
      } else {
        session.out.write(`${isFirst ? "" : "\n"}${walkText(translation, space.arch, session.terminal)}`);
      }
      isFirst = false;
      if (session.out.isFull) {
        await session.out.flush();
      }
    }
  });
}

export async function runReplay(session: Session, files: readonly string[], words: ReplayWords): Promise<void> {
  const choice = parseChoice(words);
  const watches = words.watch.map(parseWatch);
  checkWatches(watches);
  const timeline = new Timeline(session.terminal, { files, stretchLimit: words.all ? ALL_STRETCHES : DEFAULT_STRETCHES });
  let hasStarted = false;
  for await (const part of replay({ files, watches, choice }, session.problems, session.progress)) {
    hasStarted = true;
    if (words.json) {
      await writeAll(session, part.type === "step" ? eventLines(part.step, part.dump, part.events) : []);
    } else {
      await writeAll(session, timeline.lines(part), "\n");
    }
  }
  if (hasStarted && !words.json) {
    await writeAll(session, timeline.summary(), "\n");
  }
}

/** A step's lines go out as soon as the step is done: whoever watches should see it. */
async function writeAll(session: Session, lines: Iterable<string>, end = ""): Promise<void> {
  for (const line of lines) {
    session.out.write(`${line}${end}`);
    if (session.out.isFull) {
      await session.out.flush();
    }
  }
  await session.out.flush();
}

/** Opens `file` for `use`; a dump that cannot be read, or proves damaged, becomes a problem of the session. */
async function withDump(session: Session, file: string, use: (dump: Dump) => Promise<void>): Promise<void> {
  session.progress.report(`opening ${file}`);
  let dump: Dump;
  try {
    dump = await openDump(file);
  } catch (error) {
    session.problems.addError(file, error);
    return;
  }
  try {
    await use(dump);
  } finally {
    session.problems.addDamage(file, dump);
    dump.close();
  }
}

function parseChoice(words: SpaceWords): SpaceChoice {
  return {
    root: words.root === undefined ? undefined : parseAddress(words.root, "--root"),
    arch: chooseArchitecture(words.arch),
  };
}

function fileBytes(file: string): number | undefined {
  try {
    return statSync(file).size;
  } catch {
    return undefined;
  }
}
