/** Listings of several spaces, of which one has what another has given back: each says what it would say alone. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { amd64, changes, type GuestMemory, mappings, type SpaceListing, summarize, type UnreadableTable } from "../../src/index.js";
import { forEachBuild } from "../support/builds.js";
import { asInCr3, modePlan } from "./modes.js";
import { changesNaively, listNaively, stretchesOf } from "./naive.js";
import { buildWorld, changePlan, changeWorld, memoryOf, rangePlan, readerOf, type WorldPlan, worldPlan } from "./worlds.js";

const MOST_LEAVES = 5_000;
const SPACES = 2;
const RUNS = 150;

const ONE_PAGE: WorldPlan = { tables: [[[0, 7, 1, 7]], [[0, 7, 2, 7]], [[0, 7, 3, 7]], [[0, 5, 0, 7]], [], [], []], runs: [], missing: [] };

const spacePlan = fc.record({
  world: worldPlan,
  change: fc.option(changePlan, { nil: undefined }),
  mode: modePlan,
  immutable: fc.boolean(),
});
const stepPlan = fc.record({
  space: fc.integer({ min: 0, max: SPACES - 1 }),
  how: fc.constantFrom("whole", "begun", "continued", "continued", "continued", "broken-off", "slices", "over", "summed", "summed-in-vain"),
  count: fc.integer({ min: 1, max: 8 }),
  range: rangePlan,
});

type SpacePlan = typeof spacePlan extends fc.Arbitrary<infer T> ? T : never;
type StepPlan = typeof stepPlan extends fc.Arbitrary<infer T> ? T : never;

/** A listing, or a comparison, beside the naive one. */
class Watched {
  readonly isSmall: boolean;
  readonly #plan: SpacePlan;
  readonly #expected: (range: StepPlan["range"]) => readonly unknown[];
  readonly #memories: readonly GuestMemory[];
  readonly #root: bigint;
  readonly #said: UnreadableTable[] = [];
  #listing: SpaceListing<unknown> | undefined;
  #begun: { readonly rows: Iterator<unknown>; taken: number } | undefined;

  constructor(plan: SpacePlan) {
    const before = buildWorld(plan.world);
    const after = plan.change && changeWorld(before, plan.change);
    const guests = [before, ...(after ? [after] : [])].map(({ guest }) => guest);
    const naive = (range: StepPlan["range"]) => guests.map((guest) => listNaively(readerOf(guest), plan.mode, before.root, range));
    this.#plan = plan;
    this.#root = asInCr3(before.root, plan.mode);
    this.#memories = guests.map((guest) => memoryOf(guest, { immutable: plan.immutable }));
    this.#expected = (range) => {
      const [one, other] = naive(range);
      return other ? changesNaively(one as NonNullable<typeof one>, other) : stretchesOf((one as NonNullable<typeof one>).leaves);
    };
    this.isSmall = naive(undefined).every(({ leaves }) => leaves.length < MOST_LEAVES);
  }

  async open(): Promise<this> {
    const [one, other] = this.#memories as readonly [GuestMemory, GuestMemory?];
    const onUnreadable = (table: UnreadableTable): void => void this.#said.push(table);
    const options = { root: this.#root, arch: amd64(this.#plan.mode), onUnreadable };
    this.#listing = other ? await changes(one, other, options) : await mappings(one, options);
    return this;
  }

  async take({ how, count, range }: StepPlan): Promise<void> {
    const listing = this.#listing as SpaceListing<unknown>;
    const expected = this.#expected(undefined);
    if (how === "whole") expect([...listing]).toEqual(expected);
    else if (how === "begun") this.#begun = { rows: listing[Symbol.iterator](), taken: 0 };
    else if (how === "continued") this.#goOn(count, expected);
    else if (how === "broken-off") expect(firstOf(listing, count)).toEqual(expected.slice(0, count));
    else if (how === "slices") expect(await slicesOf(listing)).toEqual(expected);
    else if (how === "over") expect([...listing.over(range ?? { from: 0n, to: 1n << 64n })]).toEqual(this.#expected(range));
    else await this.#sum(how === "summed");
    if (this.#plan.immutable) expect(new Set(this.#said.map(({ gfn, in: side }) => `${side} ${gfn}`)).size).toBe(this.#said.length);
  }

  #goOn(count: number, expected: readonly unknown[]): void {
    if (!this.#begun) return;
    const { rows, taken } = this.#begun;
    for (let i = taken; i < taken + count; i++) {
      expect(rows.next()).toEqual(i < expected.length ? { done: false, value: expected[i] } : { done: true, value: undefined });
    }
    this.#begun.taken += count;
  }

  async #sum(mayEnd: boolean): Promise<void> {
    const [memory] = this.#memories as readonly [GuestMemory];
    const options = { root: this.#root, arch: amd64(this.#plan.mode) };
    if (!mayEnd) {
      let reads = 0;
      const failing: GuestMemory = {
        readFrame(gfn, target) {
          if (reads++ > 1) throw new Error("enough");
          return memory.readFrame(gfn, target);
        },
      };
      await summarize(failing, options).catch(({ message }: Error) => expect(message).toBe("enough"));
      return;
    }
    const { bytes } = await summarize(memory, options);
    if (!this.#plan.change)
      expect(bytes).toBe((this.#expected(undefined) as { length: bigint }[]).reduce((sum, { length }) => sum + length, 0n));
  }
}

function firstOf(listing: Iterable<unknown>, count: number): readonly unknown[] {
  const rows: unknown[] = [];
  for (const row of listing) if (rows.push(row) === count) break;
  return rows;
}

async function slicesOf(listing: SpaceListing<unknown>): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for await (const { rows } of listing.slices()) all.push(...rows);
  return all;
}

forEachBuild((build) => {
  it("say the same one after the other, by turns, broken off and begun again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(spacePlan, { minLength: SPACES, maxLength: SPACES }),
        fc.array(stepPlan, { minLength: 1, maxLength: 24 }),
        async (plans, steps) => {
          const watched = plans.map((plan) => new Watched(plan));
          fc.pre(watched.every(({ isSmall }) => isSmall));
          for (const one of watched) await one.open();
          for (const step of steps) await (watched[step.space] as Watched).take(step);
        },
      ),
      { numRuns: build.startsWith("shared") ? RUNS / 3 : RUNS },
    );
  });
});

it.each([true, false])("goes on where it stands when others have come to their end meanwhile (immutable: %s)", async (immutable) => {
  const every = (target: number, kind: number) => Array.from({ length: 20 }, (_, i) => [2 * i, kind, target, 7] as const);
  const { guest, root } = buildWorld({ ...ONE_PAGE, tables: [[[0, 7, 1, 7]], [[0, 7, 2, 7]], every(3, 7), every(0, 5), [], [], []] });
  const memory = memoryOf(guest, { immutable });
  const listing = await mappings(memory, { root });
  const expected = [...listing];
  expect(expected).toHaveLength(400);
  const slow = listing[Symbol.iterator]();
  const rows: unknown[] = [];
  for (let next = slow.next(); !next.done; next = slow.next()) {
    if (rows.push(next.value) % 50 !== 0) continue;
    expect([...listing]).toEqual(expected);
    expect([...(await mappings(memory, { root, arch: amd64({ levels: 5 }) }))]).not.toEqual(expected);
  }
  expect(rows).toEqual(expected);
});

it("tables of a memory that does not change are kept from the second walk on, or where another range is asked for", async () => {
  const { guest, root } = buildWorld(ONE_PAGE);
  const plain = memoryOf(guest);
  let reads = 0;
  const counting: GuestMemory = { immutable: true, readFrame: (gfn, target) => ++reads > 0 && plain.readFrame(gfn, target) };
  const walked = await mappings(counting, { root });
  const readsOf = (listing: Iterable<unknown>): number => {
    const before = reads;
    expect([...listing]).toHaveLength(1);
    return reads - before;
  };
  expect([walked, walked, walked, walked].map(readsOf)).toEqual([4, 4, 0, 0]);
  const narrowed = await mappings(counting, { root });
  const page = { from: 0n, to: 4096n };
  expect([narrowed.over(page), narrowed, narrowed.over(page)].map(readsOf)).toEqual([4, 0, 0]);
});

it("is not broken off by a driver that it reads from", async () => {
  const { guest, root } = buildWorld(ONE_PAGE);
  const plain = memoryOf(guest, { immutable: true });
  const expected = [...(await mappings(plain, { root }))];
  expect(expected).toHaveLength(1);
  const refused: unknown[] = [];
  const nosy: GuestMemory = {
    readFrame(gfn, target) {
      try {
        rows.return?.();
      } catch (error) {
        refused.push((error as { code: unknown }).code);
      }
      return plain.readFrame(gfn, target);
    },
  };
  const rows = (await mappings(nosy, { root }))[Symbol.iterator]();
  expect([...{ [Symbol.iterator]: () => rows }]).toEqual(expected);
  expect(refused).toEqual(["reentrant-call", "reentrant-call", "reentrant-call", "reentrant-call"]);
});
