/** What is asked: which address space, and everything in it or a list of addresses. */

import { signal } from "@preact/signals";
import { architectureNames, type RootCandidate } from "page-table-monitor";
import { parseAddress } from "../model/address-text.js";
import { bytes, count, counted, hex } from "../model/format.js";
import { isAbort, problemText } from "../session/problem-text.js";
import { readyDumps } from "../state/dumps.js";
import { engine } from "../state/engine.js";
import { foundRoots, givenMode, givenRoot, space, watchList, watchMode, watchText } from "../state/question.js";
import { runTask } from "../state/task.js";

const rootText = signal<string | undefined>(undefined);
const findProblem = signal<string | undefined>(undefined);
const SHOWN_ROOTS = 12;
const SHOWN_PROBLEMS = 4;
/** The list is read this long after the last key. */
const TYPING_MILLISECONDS = 350;
const draft = signal<string | undefined>(undefined);
let typing: ReturnType<typeof setTimeout> | undefined;

export function QuestionForm() {
  return (
    <>
      <RootChoice />
      <WatchChoice />
    </>
  );
}

function RootChoice() {
  const now = space.value;
  const text = rootText.value ?? (givenRoot.value === undefined ? "" : hex(givenRoot.value));
  const parsed = text.trim() === "" ? undefined : parseAddress(text);
  const problem = parsed && "problem" in parsed ? parsed.problem : undefined;
  const noted = readyDumps.value[0]?.dump.vcpus ?? [];
  return (
    <section aria-labelledby="root-title">
      <div class="section-head">
        <h2 id="root-title">Address space</h2>
        <div class="spring" />
        <button type="button" class="small" onClick={() => void findSpaces()} disabled={readyDumps.value.length === 0}>
          Find address spaces
        </button>
      </div>
      <div class="field">
        <label for="root-input">Root (CR3)</label>
        <input
          id="root-input"
          class="mono"
          value={text}
          placeholder={noted[0]?.root === undefined ? "PA of the top-level table" : hex(noted[0].root)}
          spellcheck={false}
          autocomplete="off"
          aria-describedby="root-reading"
          aria-invalid={problem !== undefined}
          onInput={(event) => {
            rootText.value = event.currentTarget.value;
            const read = parseAddress(event.currentTarget.value);
            if (event.currentTarget.value.trim() === "") givenRoot.value = undefined;
            else if ("value" in read) givenRoot.value = read.value;
          }}
          onBlur={() => {
            if (problem === undefined) rootText.value = undefined;
          }}
        />
        <label for="mode-input" class="visually-hidden">
          Paging mode
        </label>
        <select
          id="mode-input"
          value={givenMode.value ?? ""}
          onChange={(event) => {
            givenMode.value = event.currentTarget.value === "" ? undefined : event.currentTarget.value;
          }}
        >
          <option value="">{now === undefined || givenMode.value !== undefined ? "mode from the notes" : `${now.arch.name}`}</option>
          {architectureNames.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <p id="root-reading" class={problem === undefined ? "fine" : "problem"}>
        {problem ?? rootReading()}
      </p>
      {findProblem.value !== undefined && <p class="problem">{findProblem.value}</p>}
      {foundRoots.value !== undefined && <FoundRoots found={foundRoots.value} />}
    </section>
  );
}

function rootReading(): string {
  const now = space.value;
  if (now === undefined) return "No root yet: the notes give none.";
  return now.from === "notes" ? `${hex(now.root)}: from the notes: what vCPU 0 was on in the first dump` : `Looking into ${hex(now.root)}`;
}

function FoundRoots({ found }: { readonly found: readonly RootCandidate[] }) {
  if (found.length === 0) return <p class="fine">No page of the first dump looks like a top-level table.</p>;
  return (
    <ol class="roots" aria-label="Address spaces that were found, best first">
      {found.slice(0, SHOWN_ROOTS).map((candidate) => (
        <li key={candidate.root}>
          <button type="button" class="root" aria-pressed={space.value?.root === candidate.root} onClick={() => choose(candidate)}>
            <span class="mono">{hex(candidate.root)}</span> <span class="quiet">{candidate.arch.name}</span>
            {candidate.isolation && <span class="quiet"> · {candidate.isolation.role} half of a pair</span>}
            <span class="reasons">{candidate.reasons.slice(0, 3).join("; ")}</span>
          </button>
        </li>
      ))}
      {found.length > SHOWN_ROOTS && <li class="fine">… and {count(found.length - SHOWN_ROOTS)} less likely ones</li>}
    </ol>
  );
}

function choose({ root, arch }: RootCandidate): void {
  rootText.value = undefined;
  givenRoot.value = root;
  givenMode.value = arch.name;
}

export async function findSpaces(): Promise<void> {
  const first = readyDumps.value[0];
  if (first === undefined) return;
  findProblem.value = undefined;
  try {
    await runTask(
      "finding",
      `Looking for address spaces in ${first.item.name}`,
      (rate) => `${bytes(rate * 4096)}/s`,
      async ({ signal: aborted, report }) => {
        const worker = await engine();
        foundRoots.value = await worker.findRoots(first.dump, {
          signal: aborted,
          onProgress: (done, total) =>
            report(`Looking for address spaces in ${first.item.name}`, total === 0 ? undefined : done / total, done),
        });
      },
    );
  } catch (error) {
    if (!isAbort(error)) findProblem.value = problemText(error);
  }
}

function WatchChoice() {
  const isList = watchMode.value === "list";
  return (
    <section aria-labelledby="watch-title">
      <div class="section-head">
        <h2 id="watch-title">Look at</h2>
      </div>
      <div class="segments" role="radiogroup" aria-labelledby="watch-title">
        <label>
          <input type="radio" name="watch-mode" checked={!isList} onChange={() => setMode("everything")} />
          <span>Everything in the space</span>
        </label>
        <label>
          <input type="radio" name="watch-mode" checked={isList} onChange={() => setMode("list")} />
          <span>A watch list</span>
        </label>
      </div>
      <label for="watch-input" class="fine">
        {isList ? "Watched: an address a page, each with its tag" : "Names for ranges: lanes of their own"}
      </label>
      <textarea
        id="watch-input"
        class="mono"
        rows={7}
        spellcheck={false}
        placeholder={"0x10080000000+4M=hugetlb\n7f12a4000000-7f12a4021000 … [heap]\nfffff801`2ab40000+2000=driver"}
        value={draft.value ?? watchText.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
          clearTimeout(typing);
          typing = setTimeout(commitDraft, TYPING_MILLISECONDS);
        }}
        onBlur={commitDraft}
      />
      <WatchReading />
    </section>
  );
}

function setMode(mode: "everything" | "list"): void {
  commitDraft();
  watchMode.value = mode;
}

function commitDraft(): void {
  clearTimeout(typing);
  if (draft.value === undefined) return;
  watchText.value = draft.value;
  draft.value = undefined;
}

function WatchReading() {
  const { watches, pages, problems } = watchList.value;
  return (
    <div aria-live="polite">
      {watches.length > 0 && (
        <p class="fine">
          {counted(watches.length, "range")}, {counted(pages, "page")}; first {hex(watches[0]?.va ?? 0n)}
          {watches[0]?.length === undefined ? "" : ` +${bytes(watches[0].length)}`} = {watches[0]?.tag}
        </p>
      )}
      {problems.slice(0, SHOWN_PROBLEMS).map(({ line, problem }) => (
        <p key={line} class="problem">
          Line {line}: {problem}
        </p>
      ))}
      {problems.length > SHOWN_PROBLEMS && <p class="problem">… and {count(problems.length - SHOWN_PROBLEMS)} more lines</p>}
    </div>
  );
}
