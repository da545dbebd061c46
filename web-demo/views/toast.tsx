/** A short word on what was just done, for the eye and for screen readers. */

import { signal } from "@preact/signals";

const message = signal("");
const SHOWN_MILLISECONDS = 3500;
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  clearTimeout(timer);
  message.value = text;
  timer = setTimeout(() => {
    message.value = "";
  }, SHOWN_MILLISECONDS);
}

export function copyText(text: string, done: string): void {
  const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
  copied.then(
    () => say(done),
    () => copyBySelection(text, done),
  );
}

/** Where the clipboard may not be written to (no secure context): by a selection. */
function copyBySelection(text: string, done: string): void {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  say(isCopied ? done : "The browser does not let this page write to the clipboard.");
}

export function Toast() {
  return (
    <div class={`toast${message.value === "" ? "" : " is-shown"}`} role="status" aria-live="polite">
      {message.value}
    </div>
  );
}
