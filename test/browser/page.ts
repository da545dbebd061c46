/**
 * What runs in the browser, in a page or in a worker: it fetches the capture from the server that it came from, opens it in
 * the way that the test asks for, and answers the replay's lines.
 */

import { type Library, replay } from "./replay.js";

/** How a dump comes to `openDump`. */
export type SourceKind = "bytes" | "blob";

export async function replayFromServer(library: Library, steps: number, kind: SourceKind): Promise<readonly string[]> {
  const openStep = async (step: number) => {
    const answer = await fetch(`/capture/${step}`);
    return library.openDump(kind === "blob" ? await answer.blob() : new Uint8Array(await answer.arrayBuffer()));
  };
  return replay(library, openStep, steps);
}
