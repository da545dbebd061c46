/** What is filtered, to take away: as a file, or as the command that gives the same. */

import { signal } from "@preact/signals";
import type { Range } from "../model/address-text.js";
import { commandLine } from "../model/command-line.js";
import { count } from "../model/format.js";
import { exportRows } from "../session/export.js";
import type { ExportFormat } from "../session/export-messages.js";
import { isAbort, problemText } from "../session/problem-text.js";
import { answer, filtered, laneByKey } from "../state/answer.js";
import { dumps } from "../state/dumps.js";
import { runTask } from "../state/task.js";
import { addressRange, laneFilter, stepFilter, typeFilter } from "../state/view.js";
import { copyText, say } from "./toast.js";

const isOpen = signal(false);
const FORMATS: readonly { readonly format: ExportFormat; readonly title: string }[] = [
  { format: "json", title: "JSON lines" },
  { format: "csv", title: "CSV" },
  { format: "parquet", title: "Parquet" },
];

export function ExportMenu() {
  const total = filtered.value?.rows.length ?? 0;
  return (
    <div class="menu">
      <button type="button" class="small" onClick={copyCommand} title="The ptm line that gives the same (c)">
        Copy as command
      </button>
      <button
        type="button"
        id="export-button"
        class="small"
        aria-expanded={isOpen.value}
        aria-controls="export-items"
        disabled={total === 0}
        onClick={toggleExport}
        title="Export what is listed (e)"
      >
        Export
      </button>
      {isOpen.value && (
        <ul
          id="export-items"
          class="menu-items"
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            isOpen.value = false;
            document.getElementById("export-button")?.focus();
          }}
        >
          {FORMATS.map(({ format, title }) => (
            <li key={format}>
              <button type="button" class="plain" onClick={() => void save(format)}>
                {title}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function toggleExport(): void {
  if ((filtered.value?.rows.length ?? 0) === 0) return;
  isOpen.value = !isOpen.value;
  if (isOpen.value) requestAnimationFrame(() => document.querySelector<HTMLElement>("#export-items button")?.focus());
}

async function save(format: ExportFormat): Promise<void> {
  isOpen.value = false;
  const now = answer.value;
  const found = filtered.value;
  if (now === undefined || found === undefined) return;
  const kind = now.isTagged ? "events" : "changes";
  const steps =
    found.rows.length === 0 ? [0, 0] : [found.rows[0] as number, found.rows.at(-1) as number].map((row) => now.store.row(row).step);
  const isSplit = kind === "changes" && steps[0] !== steps[1];
  try {
    const file = await runTask(
      "exporting",
      `Exporting ${count(found.rows.length)} rows`,
      (rate) => `${count(Math.round(rate))} rows/s`,
      ({ signal: aborted, report }) =>
        exportRows(
          {
            kind,
            format,
            isSplit,
            root: now.request.root,
            tags: now.tags,
            dumps: dumps.value.map(({ name }) => name),
            store: now.store,
            rows: found.rows,
          },
          aborted,
          (done) => report(`Exporting ${count(found.rows.length)} rows`, done / found.rows.length, done),
        ),
    );
    const extension = format === "json" ? "jsonl" : format;
    download(file, isSplit ? `changes-${extension}.zip` : `${kind}.${extension}`);
    say(`${count(found.rows.length)} rows exported${isSplit ? ", a file for each dump" : ""}.`);
  } catch (error) {
    if (!isAbort(error)) say(`Not exported: ${problemText(error)}`);
  }
}

function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function copyCommand(): void {
  const now = answer.value;
  if (now === undefined) return;
  const range = addressRange.value;
  const lane = laneFilter.value === undefined ? undefined : laneByKey(laneFilter.value);
  const laneRange = lane && !now.isTagged ? { from: BigInt(lane.fromPage) << 12n, to: BigInt(lane.toPage) << 12n } : undefined;
  const text = commandLine({
    dumps: now.request.dumps.map(({ step }) => ({ step, name: dumps.value[step]?.name ?? "" })),
    root: now.request.root,
    mode: now.request.arch.name,
    watches: now.request.watches,
    types: typeFilter.value,
    steps: stepFilter.value,
    range: common(range && "value" in range ? range.value : undefined, laneRange),
    tag: now.isTagged && lane?.tag !== undefined ? now.tags[lane.tag] : undefined,
  });
  if (text === "") say("No address passes these filters: there is nothing to ask the command.");
  else copyText(text, text.includes("\n") ? "Commands copied, one for each two dumps." : "Command copied.");
}

/** What lies in both; undefined is everything. Of ranges that do not meet, an empty one. */
function common(one: Range | undefined, other: Range | undefined): Range | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const from = one.from > other.from ? one.from : other.from;
  const to = one.to < other.to ? one.to : other.to;
  return { from, to: to < from ? from : to };
}
