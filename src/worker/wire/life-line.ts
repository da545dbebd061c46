/**
 * How a page learns that a worker has ended: browsers say nothing of one that was terminated or that crashed.
 *
 * A worker holds a lock for as long as it lives, and the page waits for the same lock. Where there are no locks (a page
 * that is not a secure context), such an end goes unnoticed.
 */

interface LockManager {
  request(name: string, options: { readonly signal?: AbortSignal }, held: () => unknown): Promise<unknown>;
}
type LockGlobal = { readonly navigator?: { readonly locks?: LockManager } };

const { navigator } = globalThis as unknown as LockGlobal;

/** A name for the lock of one worker; undefined: there are no locks. */
export function lifeLineName(): string | undefined {
  return navigator?.locks ? `page-table-monitor ${crypto.randomUUID()}` : undefined;
}

/** The worker's part: resolves when the lock is held, which it is to the end. */
export function holdLifeLine(name: string): Promise<void> {
  return new Promise((resolve) => {
    const held = (): Promise<never> => {
      resolve();
      return new Promise<never>(() => {});
    };
    navigator?.locks?.request(name, {}, held).catch(() => {});
  });
}

/** The page's part, once the worker holds the lock; what it answers lets go of the line. */
export function watchLifeLine(name: string, ended: () => void): () => void {
  const controller = new AbortController();
  navigator?.locks?.request(name, { signal: controller.signal }, ended).catch(() => {});
  return () => controller.abort();
}
