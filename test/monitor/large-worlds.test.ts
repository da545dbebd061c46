/**
 * The monitor against the oracle in worlds of a hundred thousand addresses: random operations, every event and every count
 * compared, and what is kept of a sample of the addresses.
 *
 * The oracle plays each world once, every build of the core the same. WORLDS says how many worlds, SEED which is the first.
 */

import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useCoreBuild } from "../../src/core/load.js";
import type { AddressContext } from "../../src/model/address.js";
import type { EventColumns } from "../../src/model/event.js";
import { toColumns } from "../oracle/events.js";
import { PAGE_FLAGS, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { BUILD_NAMES, createOracle, createReal } from "../support/builds.js";
import { GuestDriver } from "../support/driver.js";
import { makeLargeWorld, type WatchedSpace } from "../support/large-world.js";
import { Random } from "../support/model/random.js";
import type { Monitor } from "../support/subject.js";

const WORLDS = Number(process.env.WORLDS ?? 1);
const FIRST_SEED = Number(process.env.SEED ?? Math.floor(Date.now() / 1000));
const ADDRESSES = 100_000;
const TABLES = 4096;
const ROUNDS = 5;
const WRITES_A_ROUND = 400;
const GIVEN_BACK_A_ROUND = 300;
const SINGLES_A_ROUND = 2;
const SAMPLE = 500;
const VCPUS = 3;
const MODE = { physicalAddressBits: 46 };
const RESERVED = 1n << 50n;

/** What one world came to, call by call: events, counts and samples. */
type Story = readonly unknown[];

/** Events to be compared: the tags themselves, since what number a tag has is nobody's concern. */
class ToldColumns {
  readonly length: number;
  readonly type: Uint8Array;
  readonly fault: Uint8Array;
  readonly va: BigUint64Array;
  readonly root: BigUint64Array;
  readonly pa: BigUint64Array;
  readonly view: Uint16Array;
  readonly pageSize: Uint32Array;
  readonly tag: Uint32Array;

  constructor(columns: Omit<EventColumns<number>, "tagIndex" | "tags">, tag: Uint32Array) {
    this.length = columns.length;
    this.type = columns.type;
    this.fault = columns.fault;
    this.va = columns.va;
    this.root = columns.root;
    this.pa = columns.pa;
    this.view = columns.view;
    this.pageSize = columns.pageSize;
    this.tag = tag;
  }
}

function ofColumns(columns: EventColumns<number>): ToldColumns {
  return new ToldColumns(
    columns,
    columns.tagIndex.map((index) => columns.tags[index] as number),
  );
}

describe.each(Array.from({ length: WORLDS }, (_, i) => FIRST_SEED + i))("a world of 100,000 addresses, seed %i", (seed) => {
  let expected: Story;
  beforeAll(async () => {
    expected = await play(seed, async (memory) => createOracle<number>({ memory, mode: MODE }), "array");
  });
  afterAll(() => useCoreBuild(undefined));

  test("the story has events of both kinds, faults, and addresses that share a page", () => {
    const columns = expected.filter((said): said is ToldColumns => said instanceof ToldColumns);
    const types = new Set(columns.flatMap(({ type }) => [...type]));
    const faults = new Set(columns.flatMap(({ fault }) => [...fault]));
    expect(types).toEqual(new Set([0, 1]));
    expect(faults).toEqual(new Set([0, 1, 2, 3]));
    expect(columns.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(ADDRESSES / 2);
  });

  test.each(BUILD_NAMES)("is told the same by the %s build", async (build) => {
    useCoreBuild(build);
    const form = build.endsWith("simd") ? "columns" : "array";
    const told = await play(seed, async (memory) => createReal<number>({ memory, mode: MODE, maximumFrames: TABLES }), form);
    expect(told.length).toBe(expected.length);
    for (const [i, said] of told.entries()) {
      if (!isDeepStrictEqual(said, expected[i])) expect(said, `call ${i} of seed ${seed}`).toEqual(expected[i]);
    }
  });
});

/** Plays a world on a monitor. `form`: whether events are asked for as columns, or as objects and brought into columns here. */
async function play(
  seed: number,
  create: (memory: GuestDriver["memory"]) => Promise<Monitor<number>>,
  form: "columns" | "array",
): Promise<Story> {
  const random = new Random(seed);
  const { guest, spaces, tables, upperTables, kernelPdpte } = makeLargeWorld(random, ADDRESSES);
  const driver = new GuestDriver(guest, { features: ["read-frames"] });
  const monitor = await create(driver.memory);
  const kernelHalf = guest.read(kernelPdpte);
  const story: unknown[] = [];
  const tell = (said: unknown): void => {
    story.push(said);
  };
  const tellCounts = (): void => {
    tell([monitor.monitoredTables, monitor.monitoredEntries, monitor.monitoredAddresses, monitor.pagedInEntries]);
  };
  const process = (vcpu: number): ToldColumns =>
    form === "columns" ? ofColumns(monitor.processDirtyColumns(vcpu)) : ofColumns(toColumns(monitor.processDirtyEntries(vcpu)));

  const write = (): void => {
    const isUpper = random.chance(5);
    const entryPa = paOf(random.pick(isUpper ? upperTables : tables)) + 8n * BigInt(random.below(isUpper ? 32 : 512));
    const before = guest.read(entryPa);
    guest.write(entryPa, otherValue(before, tables, random));
    const { view } = random.pick(spaces);
    if (random.chance(90)) tell(monitor.markDirtyEntry(entryPa, view, random.below(VCPUS)));
    if (random.chance(40)) tell(monitor.markDirtyRange(entryPa, 8 * random.below(40), 1 - view, random.below(VCPUS)));
  };
  const monitorAll = (): void => {
    for (const { view, root, vas } of spaces) {
      const batch = random.chance(50) ? vas : vas.toSorted();
      const tags = Array.from(batch, (_, i) => i % 97);
      driver.failingReads.add(random.pick(tables));
      tell(attempt(() => monitor.monitorMany(root, batch, view, tags)));
      driver.failingReads.clear();
      tell(monitor.monitorMany(root, batch, view, tags));
    }
  };

  monitorAll();
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < WRITES_A_ROUND; i++) write();
    guest.write(kernelPdpte, round % 2 === 0 ? 0n : kernelHalf);
    for (const view of [0, 1]) tell(monitor.markDirtyEntry(kernelPdpte, view, round % VCPUS));
    tell(process(round % VCPUS));
    const hidden = random.pick(tables);
    guest.hide(hidden);
    tell(process((round + 1) % VCPUS));
    for (let i = 0; i < GIVEN_BACK_A_ROUND; i++) monitor.unmonitorByForce(...someAddress(spaces, random));
    for (let i = 0; i < SINGLES_A_ROUND; i++) tell(monitor.monitor(...someAddress(spaces, random), i));
    tellCounts();
    if (round === 1) monitor.unmonitorView(1);
    if (round === 2) monitorAll();
    tell(
      form === "columns"
        ? ofColumns(monitor.processSnapshotColumns(driver.memory))
        : ofColumns(toColumns(monitor.processSnapshot(driver.memory))),
    );
    guest.show(hidden);
    tellCounts();
    for (let i = 0; i < SAMPLE; i++) tell(monitor.lookup(...someAddress(spaces, random)));
  }
  monitor.unmonitorAll();
  tellCounts();
  monitor.dispose();
  return story;
}

function someAddress(spaces: readonly WatchedSpace[], random: Random): [ctx: AddressContext, view: number] {
  const { view, root, vas } = random.pick(spaces);
  return [{ va: vas[random.below(vas.length)] as bigint, root }, view];
}

/** What a guest writes over an entry: another frame, nothing, a large page, a reserved bit, or another table. */
function otherValue(before: bigint, tables: readonly number[], random: Random): bigint {
  const how = random.weighted({ frame: 40, clear: 25, set: 15, large: 8, reserved: 6, table: 6 });
  if (how === "frame") return before ^ paOf(1 << 19);
  if (how === "clear") return 0n;
  if (how === "large") return paOf(512 * random.below(4096)) | PAGE_FLAGS | 0x80n;
  if (how === "reserved") return before | RESERVED | 1n;
  if (how === "table") return paOf(random.pick(tables)) | TABLE_FLAGS;
  return paOf(random.below(1 << 20)) | PAGE_FLAGS;
}

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return String(error);
  }
}
