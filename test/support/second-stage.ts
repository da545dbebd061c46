/**
 * The second-stage mapping of a guest, as a driver changes it: the access of every (view, frame), who holds it, what fails.
 *
 * It outlives the memory it is reached through: `processSnapshot` brings another memory of the same guest. A frame is *held*
 * from a successful set to read-only until it is given back. The rules of a well-behaved monitor are checked at every call
 * and what breaks them is collected in `violations`.
 */

import { ViewNotFoundError } from "../../src/model/errors.js";
import type { MemoryAccess } from "../../src/model/memory.js";

export const READ_ONLY: MemoryAccess = 1;
const FULL_ACCESS: MemoryAccess = 7;

/** "view:gfn" */
export type StageKey = string;

export function stageKey(view: number, gfn: number): StageKey {
  return `${view}:${gfn}`;
}

export class SecondStage {
  /** What every frame starts with. */
  readonly #initialAccess: (gfn: number, view: number) => MemoryAccess;
  readonly #access = new Map<StageKey, MemoryAccess>();
  /** Frames set to read-only by the monitor and not given back, with the access before. */
  readonly held = new Map<StageKey, MemoryAccess>();
  /** Frames whose protection was tried and failed since `beginCall`. */
  readonly attempted = new Set<number>();
  readonly violations: string[] = [];
  /** What fails until it is taken out again. */
  readonly failingQueries = new Set<StageKey>();
  readonly failingProtects = new Set<StageKey>();
  readonly failingReleases = new Set<StageKey>();
  readonly goneViews = new Set<number>();

  constructor(initialAccess: (gfn: number, view: number) => MemoryAccess = () => FULL_ACCESS) {
    this.#initialAccess = initialAccess;
  }

  beginCall(): void {
    this.attempted.clear();
  }

  access(gfn: number, view: number): MemoryAccess {
    return this.#access.get(stageKey(view, gfn)) ?? this.#initialAccess(gfn, view);
  }

  /** "view:gfn=access" of all that is not as it was at the start, sorted. */
  changed(): string[] {
    const out: string[] = [];
    for (const [key, access] of this.#access) {
      const [view, gfn] = key.split(":").map(Number) as [number, number];
      if (access !== this.#initialAccess(gfn, view)) {
        out.push(`${key}=${access}`);
      }
    }
    return out.sort();
  }

  query(gfn: number, view: number): MemoryAccess {
    const key = stageKey(view, gfn);
    if (this.held.has(key)) {
      this.violations.push(`memoryAccess of ${key}, which is held`);
    }
    if (this.failingQueries.has(key)) {
      this.attempted.add(gfn);
      throw new InjectedFailure(`memoryAccess ${key}`);
    }
    return this.access(gfn, view);
  }

  set(gfn: number, view: number, access: MemoryAccess): void {
    const key = stageKey(view, gfn);
    const before = this.held.get(key);
    if (before === undefined) {
      this.#protect(gfn, view, access);
    } else {
      this.#release(key, view, access, before);
    }
  }

  #protect(gfn: number, view: number, access: MemoryAccess): void {
    const key = stageKey(view, gfn);
    if (access !== READ_ONLY) {
      this.violations.push(`access of ${key}, which is not held, set to ${access}`);
    }
    if (this.goneViews.has(view)) {
      this.attempted.add(gfn);
      throw new ViewNotFoundError("view-not-found", `view ${view} is gone`);
    }
    if (this.failingProtects.has(key)) {
      this.attempted.add(gfn);
      throw new InjectedFailure(`protecting ${key}`);
    }
    this.held.set(key, this.access(gfn, view));
    this.#access.set(key, access);
  }

  #release(key: StageKey, view: number, access: MemoryAccess, before: MemoryAccess): void {
    if (access !== before) {
      this.violations.push(`access of ${key} was ${before} and is given back as ${access}`);
    }
    if (this.goneViews.has(view)) {
      // What was set in a view that is gone is gone with it.
      this.held.delete(key);
      this.#access.delete(key);
      throw new ViewNotFoundError("view-not-found", `view ${view} is gone`);
    }
    if (this.failingReleases.has(key)) {
      throw new InjectedFailure(`releasing ${key}`);
    }
    this.held.delete(key);
    this.#access.set(key, access);
  }
}

/** What a failing driver throws in these tests: a class of its own, so that no other error is taken for it. */
export class InjectedFailure extends Error {}
