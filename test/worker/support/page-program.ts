/**
 * What runs in a page: it starts workers, has dumps of the test's server surveyed, and leaves the means for more to be asked.
 */

import type * as libraryModule from "../../../src/index.js";
import type * as workerModule from "../../../src/worker/index.js";
import { libraryFace, type Survey, survey } from "./survey.js";

export interface PageOptions {
  readonly workers?: number;
  /** How the dumps come to the worker. */
  readonly kind: "bytes" | "blob";
  readonly dumps: readonly string[];
  readonly watched: Survey["watched"];
  readonly range?: Survey["range"];
}

export interface PageAnswer {
  readonly workers: number;
  readonly isolated: boolean;
  readonly lines: readonly string[];
}

/** What a page under test leaves on its global object. */
export interface PageUnderTest {
  readonly library: typeof libraryModule;
  readonly startWorker: typeof workerModule.startWorker;
  surveyInWorker(options: PageOptions): Promise<PageAnswer>;
  surveyInPage(options: PageOptions): Promise<readonly string[]>;
}

/** `makeWorker` where the page has a script of its own for workers. */
export function pageUnderTest(
  library: typeof libraryModule,
  startWorker: typeof workerModule.startWorker,
  makeWorker?: () => Worker,
): PageUnderTest {
  return {
    library,
    startWorker,
    async surveyInWorker(options) {
      const { workers = 1 } = options;
      const handle = await startWorker({ workers, ...(makeWorker && { worker: makeWorker }) });
      try {
        const lines = await survey(handle, { ...options, sources: await sourcesOf(options) });
        return { workers: handle.workers, isolated: crossOriginIsolated, lines };
      } finally {
        handle.terminate();
      }
    },
    surveyInPage: async (options) => survey(libraryFace(library), { ...options, sources: await sourcesOf(options) }),
  };
}

async function sourcesOf({ kind, dumps }: PageOptions): Promise<readonly unknown[]> {
  return Promise.all(
    dumps.map(async (dump) => {
      const answer = await fetch(dump);
      return kind === "blob" ? answer.blob() : new Uint8Array(await answer.arrayBuffer());
    }),
  );
}
