/**
 * The examples in the documentation: code that must run, and commands with the output that they must give.
 */

import { readdirSync, readFileSync } from "node:fs";

export interface CodeExample {
  /** "README.md:40" */
  readonly place: string;
  readonly source: string;
}

export interface CommandExample {
  readonly place: string;
  /** Without the prompt, words apart. */
  readonly words: readonly string[];
  readonly output: string;
}

/** A line that stands for any number of lines. */
const ELLIPSIS = "…";
const DOCUMENTS: readonly string[] = [
  "README.md",
  ...readdirSync("docs").flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
];

interface Block {
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** The `js` blocks of README and docs, and those in the comments of src. */
export function codeExamples(): readonly CodeExample[] {
  const sources = readdirSync("src", { recursive: true }).flatMap((name) => (String(name).endsWith(".ts") ? [`src/${name}`] : []));
  const blocks = [...DOCUMENTS.flatMap(blocksOf), ...sources.flatMap(blocksOf)];
  return blocks.filter(({ language }) => language === "js").map(({ place, text }) => ({ place, source: text }));
}

/** The `console` blocks that begin with `$ ptm`: one command, and its output. */
export function commandExamples(): readonly CommandExample[] {
  return DOCUMENTS.flatMap(blocksOf).flatMap(({ place, language, text }) => {
    const [command = "", ...output] = text.split("\n");
    return language === "console" && command.startsWith("$ ptm ")
      ? [{ place, words: command.slice("$ ".length).split(" "), output: output.join("\n") }]
      : [];
  });
}

/** Where `output` differs from the example; undefined where it does not. Ends of lines do not count. */
export function differenceFrom(example: string, output: string): string | undefined {
  const pattern = trimmedLines(example)
    .map((line) => (line.trim() === ELLIPSIS ? "(?:.*\\n)*?" : `${line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\n`))
    .join("");
  const given = `${trimmedLines(output).join("\n")}\n`;
  return new RegExp(`^${pattern}$`).test(given) ? undefined : given;
}

function trimmedLines(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.trimEnd());
  while (lines.at(-1) === "") {
    lines.pop();
  }
  return lines;
}

/** Fenced blocks, in Markdown as in a comment whose lines begin with a star. */
function blocksOf(path: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { place: string; language: string; lines: string[] } | undefined;
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const text = path.endsWith(".ts") ? line.replace(/^\s*\* ?/, "") : line;
    if (!text.startsWith("```")) {
      open?.lines.push(text);
    } else if (open === undefined) {
      open = { place: `${path}:${index + 1}`, language: text.slice(3).trim(), lines: [] };
    } else {
      blocks.push({ place: open.place, language: open.language, text: open.lines.join("\n") });
      open = undefined;
    }
  }
  return blocks;
}
