/** The page before any dump is there. */

import { counted } from "../model/format.js";
import { expectedFiles } from "../state/dumps.js";
import { loadFiles, loadSample } from "../state/loading.js";

export function Start() {
  const expected = expectedFiles.value;
  return (
    <main class="start">
      <section class="drop" aria-labelledby="drop-title">
        <h2 id="drop-title">{expected.length > 0 ? "Drop the files this link was made with" : "Drop the memory dumps of one machine"}</h2>
        {expected.length > 0 ? (
          <p>
            {counted(expected.length, "file")}: <span class="mono">{shortList(expected)}</span>. The link holds the view, not the dumps.
          </p>
        ) : (
          <p>See what was paged in and out, when and where: step by step, address by address, down to the bits of each entry.</p>
        )}
        <div class="actions">
          <label class="button primary">
            Choose files…
            <input id="file-input" class="visually-hidden" type="file" multiple onChange={picked} />
          </label>
          <button type="button" id="sample-button" onClick={() => void loadSample()}>
            Open the bundled capture
          </button>
        </div>
        <p class="fine">
          ELF cores (QEMU <code>dump-guest-memory</code>, libvirt) and raw images of AMD64 guests, also gzip-compressed. Two or more, in the
          order of their names; any size: they are read where they lie.
        </p>
      </section>
      <ul class="facts">
        <li>
          <b>Nothing leaves this machine.</b> The dumps are read by this page alone, its policy allows no connection elsewhere, and it works
          without a network.
        </li>
        <li>
          <b>Exact.</b> Every difference between the page tables of two dumps, none made up; where a dump lacks a table, that is said.
        </li>
        <li>
          <b>The bundled capture</b> is a small Linux guest at sixteen moments: it touches, moves, forks, swaps and unmaps memory.
        </li>
      </ul>
    </main>
  );
}

export function picked(event: Event): void {
  const input = event.currentTarget as HTMLInputElement;
  void loadFiles([...(input.files ?? [])]);
  input.value = "";
}

export function shortList(names: readonly string[]): string {
  return names.length <= 4 ? names.join(", ") : `${names[0]}, ${names[1]} … ${names.at(-1)}`;
}
