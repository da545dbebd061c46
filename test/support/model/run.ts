/**
 * Runs one scenario on the library's monitor and on the oracle, side by side over one guest, and answers the first difference.
 *
 * Each has a driver of its own, with its own second stage, over the same frames and the same failures. The real monitor goes
 * first: a write that races with a protection lands while it protects, and the oracle then finds it in memory.
 */

import { AddressError, PageTableError, ViewNotFoundError } from "../../../src/model/errors.js";
import { fromColumns } from "../../oracle/events.js";
import { OracleMonitor } from "../../oracle/monitor.js";
import { entryAt, frameOf } from "../amd64-bits.js";
import { type DriverFeature, GuestDriver } from "../driver.js";
import { Guest } from "../guest.js";
import { InjectedFailure, SecondStage, stageKey } from "../second-stage.js";
import type { Monitor, SubjectOptions } from "../subject.js";
import { callBadly } from "./bad-arguments.js";
import { type Answer, differenceOfAnswers, differenceOfStates, differing } from "./compare.js";
import { Places } from "./places.js";
import type { OneFailure, Operation, RacingWrite, Scenario, World } from "./scenario.js";

export interface Difference {
  /** Place of the operation in the list; its length for the end. */
  readonly step: number;
  readonly text: string;
}

/** A monitor for a scenario, new or used. */
export type TakeMonitor = (options: SubjectOptions) => Promise<Monitor>;

interface Side {
  readonly monitor: Monitor;
  driver: GuestDriver;
}

type Outcome = { readonly type: "returned"; readonly answer: Answer } | { readonly type: "thrown"; readonly error: unknown };

const MAXIMUM_FRAMES = 160;
const UNUSED_VIEW = 12345;
const FORCED_CODES: ReadonlySet<string> = new Set(["negative-address", "address-too-large", "non-canonical-address", "tag-count"]);

/** The monitor that `takeMonitor` gives watches nothing, and what it had to watch is over; it is left so where nothing differs. */
export async function runScenario(scenario: Scenario, takeMonitor: TakeMonitor): Promise<Difference | undefined> {
  const run = await ScenarioRun.start(scenario.world, takeMonitor);
  return run.play(scenario.operations);
}

class ScenarioRun {
  readonly #world: World;
  readonly #guest: Guest;
  readonly #places: Places;
  readonly #failingReads: Set<number>;
  readonly #real: Side;
  readonly #oracle: Side & { readonly monitor: OracleMonitor };

  static async start(world: World, takeMonitor: TakeMonitor): Promise<ScenarioRun> {
    const guest = new Guest();
    for (const gfn of world.gfns) {
      guest.allocate(gfn);
    }
    for (const { gfn, index, value } of world.entries) {
      guest.write(entryAt(gfn, index), value);
    }
    const failingReads = new Set<number>();
    const newDriver = (): GuestDriver => {
      const secondStage = new SecondStage((gfn, view) => world.accesses[(gfn + view) % world.accesses.length] as number);
      return new GuestDriver(guest, { features: world.features, secondStage, failingReads });
    };
    const [realDriver, oracleDriver] = [newDriver(), newDriver()];
    realDriver.protectedReads = "all";
    const real = await takeMonitor({ memory: realDriver.memory, mode: world.mode, maximumFrames: MAXIMUM_FRAMES });
    const oracle = new OracleMonitor(oracleDriver.memory, world.mode);
    return new ScenarioRun(world, guest, failingReads, { monitor: real, driver: realDriver }, { monitor: oracle, driver: oracleDriver });
  }

  private constructor(
    world: World,
    guest: Guest,
    failingReads: Set<number>,
    real: Side,
    oracle: Side & { readonly monitor: OracleMonitor },
  ) {
    this.#world = world;
    this.#guest = guest;
    this.#places = new Places(world, guest);
    this.#failingReads = failingReads;
    this.#real = real;
    this.#oracle = oracle;
  }

  play(operations: readonly Operation[]): Difference | undefined {
    for (const [step, operation] of operations.entries()) {
      const text = this.#step(operation);
      if (text !== undefined) {
        return { step, text };
      }
    }
    const text = this.#finish();
    return text === undefined ? undefined : { step: operations.length, text };
  }

  /** All comes back, all is compared once more, and nothing stays protected. */
  #finish(): string | undefined {
    this.#heal();
    for (const gfn of this.#world.gfns) {
      this.#guest.show(gfn);
    }
    const text =
      this.#both((side) => side.monitor.processSnapshot(side.driver.memory)) ?? this.#both((side) => void side.monitor.unmonitorAll());
    if (text !== undefined) {
      return text;
    }
    const left = this.#real.driver.secondStage.changed();
    return left.length === 0 ? undefined : `protection is left behind: ${left.join(", ")}`;
  }

  #step(operation: Operation): string | undefined {
    switch (operation.type) {
      case "write":
        return this.#write(operation);
      case "hide":
        this.#guest.hide(this.#world.gfns[operation.frame] as number);
        return undefined;
      case "show":
        this.#guest.show(this.#world.gfns[operation.frame] as number);
        return undefined;
      case "fail":
        this.#fail(operation);
        return undefined;
      case "heal":
        this.#heal();
        return undefined;
      case "mark":
        return this.#mark(operation);
      case "mark-range": {
        const pa = this.#places.locate(operation.entry) + operation.offset;
        return this.#both((side) => side.monitor.markDirtyRange(pa, operation.size, operation.view, operation.vcpu));
      }
      case "process":
        return this.#failingOnce(operation.failure, (side) =>
          operation.form === "columns" && side === this.#real
            ? fromColumns(side.monitor.processDirtyColumns(operation.vcpu))
            : side.monitor.processDirtyEntries(operation.vcpu),
        );
      case "monitor":
        return this.#racing(operation.race, () =>
          this.#failingOnce(operation.race === undefined ? operation.failure : undefined, (side) =>
            side.monitor.monitor(this.#places.context(operation.at), operation.view, operation.tag),
          ),
        );
      case "monitor-many":
        return this.#failingOnce(operation.failure, (side) =>
          side.monitor.monitorMany(this.#places.root(operation.root), this.#places.vas(operation.vas), operation.view, operation.tags),
        );
      case "unmonitor":
        return this.#both((side) =>
          operation.all === "by-force"
            ? void side.monitor.unmonitorByForce(this.#places.context(operation.at), operation.view)
            : void side.monitor.unmonitor(this.#places.context(operation.at), operation.view),
        );
      case "unmonitor-view":
        return this.#both((side) => void side.monitor.unmonitorView(operation.view));
      case "unmonitor-all":
        return this.#both((side) => void side.monitor.unmonitorAll());
      case "snapshot":
        return this.#snapshot(operation);
      case "translate":
        return this.#reading((side) => side.monitor.translate(this.#places.context(operation.at)));
      case "translate-many":
        return this.#reading((side) => side.monitor.translateMany(this.#places.root(operation.root), this.#places.vas(operation.vas)));
      case "bad-argument":
        return this.#both((side) => callBadly(operation.kind, side.monitor, this.#places.context({ root: 0, va: 0, spelling: 0n })));
    }
  }

  #write({ entry, value, mark, order }: Operation & { type: "write" }): string | undefined {
    const entryPa = this.#places.locate(entry);
    const marking = (): string | undefined => {
      for (const view of mark?.views ?? []) {
        const text = this.#both((side) => side.monitor.markDirtyEntry(entryPa, view, mark?.vcpu ?? 0));
        if (text !== undefined) {
          return text;
        }
      }
      return undefined;
    };
    if (order === "mark-first") {
      const text = marking();
      this.#places.store(entryPa, value);
      return text;
    }
    this.#places.store(entryPa, value);
    return marking();
  }

  #mark({ entry, offset, view, vcpu }: Operation & { type: "mark" }): string | undefined {
    const entryPa = this.#places.locate(entry) + offset;
    return this.#both((side) => side.monitor.markDirtyEntry(entryPa, view, vcpu));
  }

  /** `of` "same": the memory there is; "live": another driver of the guest; "frozen": a copy of the guest as it is now. */
  #snapshot({ of, features, form, failure }: Operation & { type: "snapshot" }): string | undefined {
    const { driver: realBefore } = this.#real;
    const guest = of === "frozen" ? this.#guest.clone() : this.#guest;
    const next = new Map<Side, GuestDriver>();
    for (const side of [this.#real, this.#oracle]) {
      next.set(side, of === "same" ? side.driver : this.#nextDriver(side, guest, features));
    }
    const realNext = next.get(this.#real) as GuestDriver;
    const gainsProtection = realNext.features.has("protection") && !realBefore.features.has("protection");
    // Tables that stay see no protection call, so what could not be protected before is read unprotected from now on.
    realNext.protectedReads = gainsProtection ? "any" : realBefore.protectedReads;
    return this.#failingOnce(
      failure,
      (side) => {
        const driver = next.get(side) as GuestDriver;
        const events =
          form === "columns" && side === this.#real
            ? fromColumns(side.monitor.processSnapshotColumns(driver.memory))
            : side.monitor.processSnapshot(driver.memory);
        side.driver = driver;
        return events;
      },
      realNext,
    );
  }

  #nextDriver(side: Side, guest: Guest, features: readonly DriverFeature[]): GuestDriver {
    // Tables of memory that never changes may be kept: whether one is read again, and fails, is the monitor's own matter.
    const failingReads = features.includes("immutable") ? new Set<number>() : this.#failingReads;
    return new GuestDriver(guest, { features, secondStage: side.driver.secondStage, failingReads });
  }

  /** Makes the real monitor's n-th call of a kind fail; where that comes out, all must be as before, and the call is made again. */
  #failingOnce(failure: OneFailure | undefined, call: (side: Side) => Answer, driver: GuestDriver = this.#real.driver): string | undefined {
    // What a rollback cannot release depends on how far the call came: not told together with a failure of one side alone.
    if (failure === undefined || this.#real.driver.secondStage.failingReleases.size > 0) {
      return this.#both(call);
    }
    const error = new InjectedFailure(`${failure.kind} number ${failure.n} of this call`);
    driver.failAt(failure.kind, failure.n, error);
    const outcome = attempt(() => call(this.#real));
    driver.stopFailing();
    if (outcome.type === "thrown" && outcome.error === error) {
      return this.#compareStates("exact") ?? this.#both(call);
    }
    return this.#compare(
      outcome,
      attempt(() => call(this.#oracle)),
      call,
    );
  }

  #racing(race: RacingWrite | undefined, body: () => string | undefined): string | undefined {
    const { driver } = this.#real;
    if (race === undefined || driver.guest !== this.#guest) {
      return body();
    }
    const entryPa = this.#places.locate(race.entry);
    driver.onCall = (call) => {
      if (call.type === "setMemoryAccess" && call.gfn === frameOf(entryPa) && !driver.secondStage.held.has(stageKey(call.view, call.gfn))) {
        driver.onCall = undefined;
        this.#places.store(entryPa, race.value);
      }
    };
    try {
      return body();
    } finally {
      driver.onCall = undefined;
    }
  }

  /** A call that reads without protecting. */
  #reading(call: (side: Side) => Answer): string | undefined {
    const { driver } = this.#real;
    const before = driver.protectedReads;
    driver.protectedReads = "any";
    const text = this.#both(call);
    driver.protectedReads = before;
    return text;
  }

  #both(call: (side: Side) => Answer): string | undefined {
    this.#real.driver.beginCall();
    this.#oracle.driver.beginCall();
    const real = attempt(() => call(this.#real));
    return this.#compare(
      real,
      attempt(() => call(this.#oracle)),
      call,
    );
  }

  #compare(real: Outcome, oracle: Outcome, call: (side: Side) => Answer): string | undefined {
    if (real.type !== oracle.type) {
      return differing("the outcome", outcomeText(real), outcomeText(oracle));
    }
    if (real.type === "returned" && oracle.type === "returned") {
      return differenceOfAnswers(real.answer, oracle.answer) ?? this.#compareStates("exact");
    }
    const [realError, oracleError] = [(real as { error: unknown }).error, (oracle as { error: unknown }).error];
    if (isInjected(realError) && isInjected(oracleError)) {
      return this.#afterFailure(call);
    }
    return sameError(realError, oracleError)
      ? this.#compareStates("exact")
      : differing("the error", outcomeText(real), outcomeText(oracle));
  }

  /** Which of several failures a call meets first is its own matter; that it changed nothing, and can be made again, is not. */
  #afterFailure(call: (side: Side) => Answer): string | undefined {
    const releasesFail = this.#real.driver.secondStage.failingReleases.size > 0 || this.#real.driver.secondStage.goneViews.size > 0;
    const text = this.#compareStates(releasesFail ? "but-protection" : "exact");
    if (text !== undefined) {
      return text;
    }
    this.#heal();
    // A call that returns: what could not be taken back is released at its end.
    return this.#both((side) => void side.monitor.unmonitorView(UNUSED_VIEW)) ?? this.#both(call);
  }

  #compareStates(extent: "exact" | "but-protection"): string | undefined {
    const text = differenceOfStates(this.#real.monitor, this.#oracle.monitor);
    if (text !== undefined) {
      return text;
    }
    const { driver } = this.#real;
    if (driver.violations.length > 0 || driver.secondStage.violations.length > 0) {
      return `the driver's rules are broken: ${driver.allViolations().join("; ")}`;
    }
    return extent === "exact" ? this.#compareProtection() : undefined;
  }

  #compareProtection(): string | undefined {
    const real = this.#real.driver.secondStage.held;
    const oracle = this.#oracle.driver.secondStage.held;
    for (const [key, access] of oracle) {
      if (real.get(key) !== access) {
        return differing("protected tables", [...real], [...oracle]);
      }
    }
    return real.size === oracle.size ? undefined : differing("protected tables", [...real], [...oracle]);
  }

  #fail({ kind, frame, view }: Operation & { type: "fail" }): void {
    const gfn = this.#world.gfns[frame] as number;
    for (const { secondStage } of [this.#real.driver, this.#oracle.driver]) {
      // Where a frame is read-only from the start, protecting and releasing look alike.
      const distinct = secondStage.access(gfn, view) !== 1 || secondStage.held.get(stageKey(view, gfn)) !== 1;
      switch (kind) {
        case "reads":
          this.#failingReads.add(gfn);
          break;
        case "queries":
          secondStage.failingQueries.add(stageKey(view, gfn));
          break;
        case "protects":
          secondStage.failingProtects.add(stageKey(view, gfn));
          break;
        case "releases":
          if (distinct) {
            secondStage.failingReleases.add(stageKey(view, gfn));
          }
          break;
        case "view":
          secondStage.goneViews.add(view);
          break;
      }
    }
  }

  #heal(): void {
    this.#failingReads.clear();
    for (const { secondStage } of [this.#real.driver, this.#oracle.driver]) {
      secondStage.failingQueries.clear();
      secondStage.failingProtects.clear();
      secondStage.failingReleases.clear();
      secondStage.goneViews.clear();
    }
  }
}

function attempt(body: () => Answer): Outcome {
  try {
    return { type: "returned", answer: body() };
  } catch (error) {
    return { type: "thrown", error };
  }
}

function isInjected(error: unknown): boolean {
  return error instanceof InjectedFailure || error instanceof ViewNotFoundError;
}

function sameError(real: unknown, oracle: unknown): boolean {
  return (
    real instanceof PageTableError &&
    oracle instanceof PageTableError &&
    real instanceof AddressError === oracle instanceof AddressError &&
    (real.code === oracle.code || !FORCED_CODES.has(oracle.code)) &&
    real.details.index === oracle.details.index
  );
}

function outcomeText(outcome: Outcome): unknown {
  return outcome.type === "returned" ? outcome.answer : String(outcome.error instanceof Error ? outcome.error.stack : outcome.error);
}
