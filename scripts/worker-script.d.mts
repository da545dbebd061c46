/** The text of the worker's script, as one file that imports nothing. */
export function bundleWorkerScript(): Promise<string>;
