/**
 * Dumps coming in: dropped, picked, or the bundled ones; opened one after the other in the worker.
 *
 * A file that cannot be opened says so in its place and the rest goes on. Cancel takes out those that are not open yet.
 */

import { signal } from "@preact/signals";
import { bytes } from "../model/format.js";
import { isAbort, problemText } from "../session/problem-text.js";
import { addDumps, type DumpItem, dumps, hasDump, letGoOf, type NewDump, removeDumps, setStatus, showStatuses } from "./dumps.js";
import { engine } from "./engine.js";
import { watchText } from "./question.js";
import { runTask } from "./task.js";

/** True where the bundled capture is what is shown. */
export const isSample = signal(false);

interface SampleManifest {
  readonly files: readonly { readonly name: string; readonly size: number }[];
  /** As a watch list. */
  readonly regions: string;
}

export function loadFiles(files: readonly File[]): Promise<void> {
  isSample.value = false;
  return load(files.map((file) => ({ name: file.name, size: file.size, source: async () => file })));
}

/** The bundled capture in place of what is there. */
export async function loadSample(): Promise<void> {
  const base = new URL("sample/", document.baseURI);
  removeDumps(dumps.value.map(({ id }) => id));
  isSample.value = true;
  const manifest = (await (await fetch(new URL("manifest.json", base))).json()) as SampleManifest;
  if (watchText.value === "") watchText.value = manifest.regions;
  // All are asked for at once: they are small, and opened in turn.
  await load(
    manifest.files.map(({ name, size }) => {
      const blob = fetch(new URL(name, base)).then((answer) => {
        if (!answer.ok) throw new Error(`the server has no ${name}`);
        return answer.blob();
      });
      return { name, size, source: () => blob };
    }),
  );
}

async function load(added: readonly NewDump[]): Promise<void> {
  if (added.length === 0) return;
  const items = addDumps(added);
  // Whatever another load had not opened yet is opened with this one.
  const waiting = dumps.value.filter(({ status }) => status.type === "waiting" || status.type === "opening");
  const total = waiting.reduce((sum, { size }) => sum + size, 0);
  try {
    await runTask(
      "loading",
      `Opening ${items[0]?.name}`,
      (rate) => `${bytes(rate)}/s`,
      async ({ signal: aborted, report }) => {
        const worker = await engine();
        let before = 0;
        for (const item of waiting) {
          if (!hasDump(item.id)) continue;
          report(`Opening ${item.name}`, total === 0 ? undefined : before / total, before);
          await open(worker, item, aborted, (done) => report(`Opening ${item.name}`, (before + done) / total, before + done));
          before += item.size;
        }
        showStatuses();
      },
    );
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
}

async function open(
  worker: Awaited<ReturnType<typeof engine>>,
  item: DumpItem,
  aborted: AbortSignal,
  onBytes: (done: number) => void,
): Promise<void> {
  try {
    aborted.throwIfAborted();
    setStatus(item.id, { type: "opening", done: 0, total: item.size });
    const blob = await item.source();
    const dump = await worker.openDump(blob, {
      signal: aborted,
      onProgress: (done, total) => onBytes(total === 0 ? 0 : (done / total) * item.size),
    });
    if (hasDump(item.id)) setStatus(item.id, { type: "ready", dump });
    else await dump.close();
  } catch (error) {
    if (aborted.aborted) throw aborted.reason;
    setStatus(item.id, { type: "failed", problem: problemText(error) });
  }
}

/** Called where a load was cancelled: what is not open goes. */
export function dropUnopened(): void {
  showStatuses();
  letGoOf(dumps.value.filter(({ status }) => status.type === "waiting" || status.type === "opening").map(({ id }) => id));
}
