/**
 * What is asked: which address space, by which mode, and what in it is looked at.
 *
 * As the command has it: the root of the first vCPU in the first dump's notes where none is given, its mode, else amd64. Guessing
 * a root would give answers that look right.
 */

import { computed, signal } from "@preact/signals";
import { type Architecture, architectureByName, type RootCandidate } from "page-table-monitor";
import { parseWatchList, type WatchList } from "../model/watch-list.js";
import { readyDumps } from "./dumps.js";

/** Undefined: from the notes. */
export const givenRoot = signal<bigint | undefined>(undefined);
/** Undefined: from the notes. */
export const givenMode = signal<string | undefined>(undefined);
export const watchMode = signal<"everything" | "list">("everything");
/** Watched, or, where everything is looked at, the names of regions. */
export const watchText = signal("");

export const watchList = computed<WatchList>(() => parseWatchList(watchText.value));

/** What was found in the first dump, best first; undefined: not asked for. */
export const foundRoots = signal<readonly RootCandidate[] | undefined>(undefined);

export interface AddressSpace {
  readonly root: bigint;
  readonly arch: Architecture;
  readonly from: "notes" | "given";
}

/** Undefined: there is no root yet. */
export const space = computed<AddressSpace | undefined>(() => {
  const first = readyDumps.value[0]?.dump;
  if (first === undefined) return undefined;
  const noted = first.vcpus.find(({ arch }) => arch !== undefined)?.arch;
  const arch = (givenMode.value === undefined ? undefined : architectureByName(givenMode.value)) ?? noted ?? architectureByName("amd64");
  if (arch === undefined) return undefined;
  if (givenRoot.value !== undefined) return { root: givenRoot.value, arch, from: "given" };
  const root = first.vcpus[0]?.root;
  return root === undefined ? undefined : { root, arch, from: "notes" };
});
