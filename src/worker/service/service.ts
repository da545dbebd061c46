/**
 * What a worker does for its caller: it has a service for each kind of handle, whose methods comlink calls.
 *
 * The rule in all of them: a call that rejects leaves everything as it was, and nothing that a caller has let go of
 * stays here.
 */

import type { Remote } from "comlink";
import { configureCore } from "../../core/configure.js";
import { instantiateCore } from "../../core/load.js";
import { holdLifeLine } from "../wire/life-line.js";
import type { Notice } from "../wire/wire.js";
import type { Calls } from "./calls.js";
import { DumpService } from "./dump-service.js";
import { ListingService } from "./listing-service.js";
import { MonitorService } from "./monitor-service.js";
import { leadsSomewhere } from "./revocation.js";
import { RootService } from "./root-service.js";

export interface Beginning {
  /** The compiled core, or its bytes where the caller may not compile. */
  readonly core: object;
  readonly flags?: SharedArrayBuffer;
  /** A Blob's URL, to find out whether such URLs can be asked for. */
  readonly probe?: string;
  /** The lock to hold to the end. */
  readonly lifeLine?: string;
}

export class Service {
  readonly line: LineService;
  readonly dumps: DumpService;
  readonly monitors: MonitorService;
  readonly listings: ListingService;
  readonly roots: RootService;

  constructor(calls: Calls, send: (notice: Notice) => void) {
    this.line = new LineService(calls);
    this.dumps = new DumpService(calls, send);
    this.monitors = new MonitorService(calls, this.dumps);
    this.listings = new ListingService(calls, this.dumps);
    this.roots = new RootService(calls, this.dumps);
  }
}

/** The same as comlink's caller has it. */
export type RemoteService = { readonly [Kind in keyof Service]: Remote<Service[Kind]> };

/** The line itself. */
class LineService {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Makes ready; answers whether URLs can say that a call is no longer wanted. */
  async begin({ core, flags, probe, lifeLine }: Beginning): Promise<boolean> {
    const module = core instanceof WebAssembly.Module ? core : await WebAssembly.compile(core as Uint8Array<ArrayBuffer>);
    configureCore({ module });
    this.#calls.useFlags(flags);
    await instantiateCore(1);
    if (lifeLine !== undefined) await holdLifeLine(lifeLine);
    return probe !== undefined && leadsSomewhere(probe);
  }

  abort(call: number): void {
    this.#calls.abort(call);
  }
}
