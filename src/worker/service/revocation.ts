/**
 * Whether the URL of a Blob still leads to it: the one thing that a browser's worker can learn of its page without
 * shared memory while it is at work. A page that revokes the URL thereby says that a call is no longer wanted.
 */

interface SynchronousRequest {
  open(method: string, url: string, asynchronous: boolean): void;
  send(): void;
}
type RequestGlobal = { readonly XMLHttpRequest?: new () => SynchronousRequest };

/** False where it does not, and where a policy forbids to ask. */
export function leadsSomewhere(url: string): boolean {
  const Request = (globalThis as RequestGlobal).XMLHttpRequest;
  if (!Request) return false;
  try {
    const request = new Request();
    request.open("GET", url, false);
    request.send();
    return true;
  } catch {
    return false;
  }
}
