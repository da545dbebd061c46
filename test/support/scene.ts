/**
 * The usual stage of a rule test: a guest with one address space, a driver over it, and a monitor that watches.
 */

import { expect } from "vitest";
import type { PageTableMonitorEvent } from "../../src/model/event.js";
import type { Fault } from "../../src/model/translation.js";
import { PAGE_4K, vaFrom } from "./amd64-bits.js";
import { type DriverFeature, GuestDriver } from "./driver.js";
import { AddressSpace, Guest } from "./guest.js";
import { SecondStage } from "./second-stage.js";
import type { CreateMonitor, ModeOptions, Monitor } from "./subject.js";

/** Two pages of one PT, a page of the next PT, and one that shares no table with them but the top one. */
export const VA = vaFrom([1, 2, 3, 4]);
export const SIBLING = vaFrom([1, 2, 3, 5]);
export const COUSIN = vaFrom([1, 2, 4, 0]);
export const STRANGER = vaFrom([300, 7, 8, 9]);

export const PA = 0x7_1000n;
export const OTHER_PA = 0x7_2000n;
export const THIRD_PA = 0x7_3000n;

export interface Scene {
  readonly guest: Guest;
  readonly space: AddressSpace;
  readonly driver: GuestDriver;
  readonly monitor: Monitor;
  /** The monitor's name for `va` in the scene's address space. */
  at(va: bigint): { va: bigint; root: bigint };
  /** Writes the entry of `level` on the way to `va` and marks it for vCPU 0 in view 0, as a trapped write does. */
  trappedWrite(va: bigint, level: number, value: bigint): bigint;
}

export interface SceneOptions {
  readonly features?: readonly DriverFeature[];
  readonly mode?: ModeOptions;
  readonly secondStage?: SecondStage;
}

export async function createScene(createMonitor: CreateMonitor, options: SceneOptions = {}): Promise<Scene> {
  const guest = new Guest();
  const space = new AddressSpace(guest, options.mode?.levels ?? 4);
  const driver = new GuestDriver(guest, {
    ...(options.features && { features: options.features }),
    secondStage: options.secondStage ?? new SecondStage(),
  });
  driver.protectedReads = "all";
  const monitor = await createMonitor({ memory: driver.memory, ...(options.mode && { mode: options.mode }) });
  return {
    guest,
    space,
    driver,
    monitor,
    at: (va) => ({ va, root: space.root }),
    trappedWrite(va, level, value) {
      const entryPa = space.setEntry(va, level, value);
      monitor.markDirtyEntry(entryPa, 0, 0);
      return entryPa;
    },
  };
}

/** What stands in an event beside its address. */
export interface ExpectedEvent {
  readonly pa: bigint;
  readonly pageSize?: number;
  readonly view?: number;
  readonly tag?: string;
  readonly fault?: Fault;
}

export function pageIn(ctx: { va: bigint; root: bigint }, expected: ExpectedEvent): PageTableMonitorEvent {
  return event("page-in", ctx, expected);
}

export function pageOut(ctx: { va: bigint; root: bigint }, expected: ExpectedEvent): PageTableMonitorEvent {
  return event("page-out", ctx, expected);
}

function event(type: "page-in" | "page-out", ctx: { va: bigint; root: bigint }, expected: ExpectedEvent): PageTableMonitorEvent {
  const { pa, pageSize = PAGE_4K, view = 0, tag = "tag", fault } = expected;
  return { type, va: ctx.va, root: ctx.root, view, pa, pageSize, tag, fault };
}

/** All that a user can see of a monitor: to say that a call changed nothing. */
export function visibleState(
  scene: Scene,
  vas: readonly bigint[] = [VA, SIBLING, COUSIN, STRANGER],
  views: readonly number[] = [0, 1],
): unknown {
  const { monitor, driver } = scene;
  return {
    counts: [monitor.monitoredTables, monitor.monitoredEntries, monitor.monitoredAddresses, monitor.pagedInEntries],
    lookups: views.flatMap((view) => vas.map((va) => monitor.lookup(scene.at(va), view))),
    access: driver.secondStage.changed(),
  };
}

export function expectNoViolations(scene: Scene): void {
  expect(scene.driver.allViolations()).toEqual([]);
}

/** What `body` throws. */
export function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
