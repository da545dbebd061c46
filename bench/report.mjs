/**
 * The Markdown table: a row with its yardsticks beside it, medians with the 10 and 90 % in brackets.
 */

import { growthsOf, isWithinMust, limitsFor, measuredOf, targetOf, throughputOf } from "./results.mjs";
import { isSpaceWorld } from "./space-worlds.mjs";

const UNITS = { walks: "", rate: "", throughput: " GB/s", bytes: " B", nanoseconds: " ns", milliseconds: " ms" };

/** Everything the README shows between its markers. */
export function markdownOf({ machine, figures }) {
  const worlds = [...new Set(figures.map(({ world }) => world))];
  return [
    ...Object.entries(machine).map(([what, value]) => `- ${wordsOf(what)}: ${value}`),
    "",
    ...worlds.flatMap((world) => [`### ${world}`, "", ...worldTable(figures.filter((figure) => figure.world === world)), ""]),
    ...growthTable(growthsOf(figures)),
  ].join("\n");
}

function wordsOf(name) {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function worldTable(figures) {
  if (isSpaceWorld(figures[0].world)) return spaceTable(figures);
  const head = ["work", "here", "yardstick in C", "in JavaScript", "of C", "must", "aim", ""];
  return table(head, figures.map(worldRow));
}

function worldRow(figure) {
  const { must, aim } = limitsFor(figure);
  const { measure, title } = targetOf(figure.row);
  const unit = UNITS[measure];
  const limits = [must === undefined ? "" : `${must}${unit}`, aim === undefined ? "" : `${aim}${unit}`, verdict(isWithinMust(figure))];
  if (measure === "bytes") return [title, spread(figure.bytes, unit), "", "", "", ...limits];
  if (measure === "throughput") {
    const [here, native, plain] = [figure.ns, figure.nativeNs, figure.plainNs].map((ns) => ns && throughputOf(ns));
    return [title, spread(here, unit), spread(native, unit), spread(plain, unit), "", ...limits];
  }
  return [
    title,
    spread(figure.ns, " ns"),
    spread(figure.nativeNs, " ns"),
    spread(figure.plainNs, " ns"),
    spread(measuredOf(figure), ""),
    ...limits,
  ];
}

/** Rows of whole address spaces stand beside the mere reading of the same bytes, and the compare in C. */
function spaceTable(figures) {
  const head = ["work", "here", "merely read", "of that rate", "compare in C", "must", "aim", ""];
  const rows = figures.map((figure) => {
    const { must, aim } = limitsFor(figure);
    const { measure, title } = targetOf(figure.row);
    const unit = UNITS[measure];
    const bytes = measure === "rate" ? throughputOf(figure.ns) : measuredOf(figure);
    const [read, compare] = [figure.nativeNs, figure.plainNs].map((ns) => spread(ns && throughputOf(ns), " GB/s"));
    return [
      title,
      spread(bytes, measure === "rate" ? " GB/s" : unit),
      read,
      spread(figure.ofNative && throughputOf(figure.ofNative), ""),
      compare,
      must === undefined ? "" : `${must}${unit}`,
      aim === undefined ? "" : `${aim}${unit}`,
      verdict(isWithinMust(figure)),
    ];
  });
  return table(head, rows);
}

function growthTable(growths) {
  if (growths.length === 0) return [];
  const rows = growths.map(({ row, from, to, growth, must, isWithin }) => [
    targetOf(row).title,
    `${from} to ${to}`,
    number(growth),
    String(must),
    verdict(isWithin),
  ]);
  return ["### Growth a unit, dense", "", ...table(["work", "addresses", "times", "must", ""], rows), ""];
}

function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function verdict(isWithin) {
  if (isWithin === undefined) return "";
  return isWithin ? "within" : "**over**";
}

/** "0.38 [0.31–0.45]" */
export function spread(values, unit) {
  if (!values) return "";
  const { median, low, high } = values;
  return low === undefined ? `${number(median)}${unit}` : `${number(median)}${unit} [${number(low)}–${number(high)}]`;
}

/** Three digits that count. */
function number(value) {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  if (value >= 0.1) return value.toFixed(2);
  return value.toFixed(4);
}
