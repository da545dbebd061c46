/** What went wrong, in words that stand beside a file. */

export function problemText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
