/**
 * From marks to events: a tenth of the PTEs changed; one PDPTE cleared, and set again. As columns and as objects.
 *
 * Marking is part of the row, the guest's own writing is not. Marks come in random order, or table by table as a kernel writes that
 * maps or unmaps a range. Objects are kept until the repetition is over.
 */

import { expectEqual } from "../expect.mjs";
import { createRandom, shuffle } from "../random.mjs";

const VCPU = 0;
const CHANGED_SHARE = 0.1;
const OTHER_FRAME = 1n << 30n; // in place of the frame there: of PA 1 GiB more or less

/** The two forms of events: how to ask for them, and how many addresses have come in, by the events' own word. */
const FORMS = {
  columns: {
    process: (monitor) => monitor.processDirtyColumns(VCPU),
    count: (events) => events.length,
  },
  array: {
    process: (monitor) => monitor.processDirtyEntries(VCPU),
    count: (events) => events.length,
  },
};

function changedRow(id, form, order) {
  const { process, count } = FORMS[form];
  return {
    id,
    async prepare(setting) {
      const monitor = await setting.fullMonitor();
      const entries = changedEntries(setting, order);
      return { setting, monitor, entries, entryPas: entries.map(BigInt) };
    },
    before({ setting, entries }) {
      for (const pa of entries) setting.guest.writeEntry(pa, setting.guest.entry(pa) ^ OTHER_FRAME);
    },
    run({ monitor, entryPas }) {
      for (const pa of entryPas) monitor.markDirtyEntry(pa, 0, VCPU);
      return process(monitor);
    },
    /** A pair of events: a PTE, where it serves one address. */
    units: (_, events) => count(events) / 2,
    check({ setting, entries }, events) {
      expectEqual(count(events), 2 * entries.length * sharersOf(setting), "events");
    },
    restore({ setting, monitor, entries, entryPas }) {
      if (setting.guest.entry(entries[0]) & OTHER_FRAME) this.before({ setting, entries });
      for (const pa of entryPas) monitor.markDirtyEntry(pa, 0, VCPU);
      monitor.processDirtyColumns(VCPU);
    },
  };
}

/** A tenth of all PTEs, in random order or table by table. */
function changedEntries({ spaces, world }, order) {
  const distinct = world.shape === "shared" ? spaces.slice(0, 1) : spaces;
  const entries = distinct.flatMap(({ entryPas, orders }) => {
    const changed = new Set(orders.random.subarray(0, Math.ceil(entryPas.length * CHANGED_SHARE)));
    return Array.from(
      orders[order].filter((i) => changed.has(i)),
      (i) => entryPas[i],
    );
  });
  return order === "random" ? shuffle(entries, createRandom(entries.length)) : entries;
}

function sharersOf({ spaces, world }) {
  return world.shape === "shared" ? spaces.length : 1;
}

/** Clears (or sets again) the first PDPTE of the first root's user or kernel half. */
function pdpteRow(what, form) {
  const { process, count } = FORMS[form];
  return {
    id: `pdpte-${what}-${form}`,
    async prepare(setting) {
      const monitor = await setting.fullMonitor();
      const pa = setting.spaces[0].pdptPa;
      return { setting, monitor, pa, value: setting.guest.entry(pa) };
    },
    before(state) {
      const { setting, monitor, pa, value } = state;
      setting.guest.writeEntry(pa, what === "cleared" ? value : 0n);
      monitor.markDirtyEntry(BigInt(pa), 0, VCPU);
      monitor.processDirtyColumns(VCPU);
      setting.guest.writeEntry(pa, what === "cleared" ? 0n : value);
      state.backed = monitor.pagedInEntries;
    },
    run({ monitor, pa }) {
      monitor.markDirtyEntry(BigInt(pa), 0, VCPU);
      return process(monitor);
    },
    units: (_, events) => count(events),
    check({ monitor, backed }, events) {
      expectEqual(count(events) > 0, true, "events");
      expectEqual(Math.abs(monitor.pagedInEntries - backed), count(events), "addresses that came or went");
    },
    restore({ setting, monitor, pa, value }) {
      setting.guest.writeEntry(pa, value);
      monitor.markDirtyEntry(BigInt(pa), 0, VCPU);
      monitor.processDirtyColumns(VCPU);
    },
  };
}

export const processRows = [
  changedRow("change-tenth-columns", "columns", "random"),
  changedRow("change-tenth-by-table", "columns", "byTable"),
  changedRow("change-tenth-array", "array", "random"),
  pdpteRow("cleared", "columns"),
  pdpteRow("cleared", "array"),
  pdpteRow("set", "columns"),
  pdpteRow("set", "array"),
];
