/**
 * Roots as a worker finds them for its caller, alone or together with others.
 */

import type { RootCandidate } from "../../space/roots/candidate.js";
import { findRoots, findRootsBy, modesToJudgeBy, openRootScan } from "../../space/roots/find-roots.js";
import { archOf, encodeArchitecture } from "../wire/architecture-wire.js";
import { endDeal } from "../wire/scan-board.js";
import type { ArchitectureWire, ScanDeal, Ticket } from "../wire/wire.js";
import type { Calls } from "./calls.js";
import { DealtScan, dealtSearch } from "./dealt-scan.js";
import type { DumpService } from "./dump-service.js";

export interface FindRootsWire {
  readonly mode?: ArchitectureWire;
  readonly deal?: ScanDeal;
}
export type RootCandidateWire = Omit<RootCandidate, "arch"> & { readonly arch: ArchitectureWire };

export class RootService {
  readonly #calls: Calls;
  readonly #dumps: DumpService;

  constructor(calls: Calls, dumps: DumpService) {
    this.#calls = calls;
    this.#dumps = dumps;
  }

  /** Finds roots; with `deal` together with other workers, for whom `assist` is called. */
  async find(dump: number, options: FindRootsWire, ticket: Ticket): Promise<RootCandidateWire[]> {
    const { deal } = options;
    return this.#calls
      .run(ticket, async (call) => {
        const memory = this.#dumps.get(dump).during(call);
        const asked = { ...archOf(options), signal: call, onProgress: call.progress };
        const find = (): Promise<RootCandidate[]> =>
          deal
            ? findRootsBy(memory, asked, dealtSearch({ memory, deal, call, modes: modesToJudgeBy(memory, asked) }))
            : findRoots(memory, asked);
        const candidates = await this.#dumps.tellingLater([dump], find);
        return candidates.map((candidate) => ({ ...candidate, arch: encodeArchitecture(candidate.arch) }));
      })
      .finally(() => deal && endDeal(deal));
  }

  /** Looks at frames for the worker that finds roots. */
  async assist(dump: number, options: FindRootsWire & { readonly deal: ScanDeal }, ticket: Ticket): Promise<void> {
    await this.#calls.run(ticket, async (call) => {
      const memory = this.#dumps.get(dump).during(call);
      const asked = { ...archOf(options), signal: call };
      const scan = await openRootScan(memory, asked);
      await new DealtScan({ scan, memory, deal: options.deal, call, role: "assistant" }).assist(modesToJudgeBy(memory, asked));
    });
  }
}
