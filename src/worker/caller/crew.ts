/**
 * The workers that serve one caller: the first of them has the dumps and monitors, the others take part in what can be
 * dealt out.
 *
 * The rule: they live and die together. What one of them had cannot be made good by the others.
 */

import { coreForWorkers } from "../../core/load.js";
import { PageTableError } from "../../model/errors.js";
import type { WorkerLike } from "../wire/worker-like.js";
import { AbortFlags, makeUrl } from "./abort-flags.js";
import { Link } from "./link.js";

/** A worker that was handed over may have failed before anybody listened. */
const LONGEST_START_MS = 30_000;
const NEVER_STARTED = "the worker does not answer: is its script page-table-monitor/worker-script?";

export class Crew {
  readonly flags: AbortFlags;
  readonly #links: readonly Link[];
  #ended: PageTableError | undefined;

  /** Starts the core in `workers`. */
  static async start(workers: readonly WorkerLike[]): Promise<Crew> {
    const crew = new Crew(workers);
    const { words } = crew.flags;
    const probe = words ? undefined : makeUrl();
    const timer = setTimeout(() => crew.end(new PageTableError("worker-failed", NEVER_STARTED)), LONGEST_START_MS);
    try {
      const core = await coreForWorkers();
      const beginning = { core, ...(words && { flags: words }), ...(probe === undefined ? {} : { probe }) };
      const asked = await Promise.all(crew.#links.map((link) => link.begin(beginning)));
      crew.flags.usesUrls = asked.every((canAsk) => canAsk);
      return crew;
    } catch (cause) {
      const error = cause instanceof PageTableError ? cause : new PageTableError("worker-failed", String(cause), {}, { cause });
      crew.end(error);
      throw error;
    } finally {
      clearTimeout(timer);
      if (probe !== undefined) crew.flags.giveBack({ type: "url", url: probe });
    }
  }

  private constructor(workers: readonly WorkerLike[]) {
    this.flags = new AbortFlags();
    this.#links = workers.map((worker) => new Link(worker, this.flags, (error) => this.end(error)));
  }

  /** The one that has the dumps and monitors. */
  get lead(): Link {
    return this.#links[0];
  }

  get others(): readonly Link[] {
    return this.#links.slice(1);
  }

  get size(): number {
    return this.#links.length;
  }

  /** Why there are no workers any more. */
  get ended(): PageTableError | undefined {
    return this.#ended;
  }

  /** Ends all workers; what is pending is rejected with `error`. */
  end(error: PageTableError): void {
    if (this.#ended) return;
    this.#ended = error;
    for (const link of this.#links) link.fail(error);
  }
}
