/** Compares what two monitors say, quickly and to the bit; answers the first difference as a person reads it. */

import type { PageTableMonitorEvent } from "../../../src/model/event.js";
import type { Translation } from "../../../src/model/translation.js";
import type { OracleMonitor } from "../../oracle/monitor.js";
import type { LookupResult, Monitor } from "../subject.js";

/** What an operation answered, whichever it was. */
export type Answer = Translation | readonly PageTableMonitorEvent[] | BigUint64Array | boolean | number | undefined;

export function differenceOfAnswers(real: Answer, oracle: Answer): string | undefined {
  if (typeof oracle !== "object" || typeof real !== "object") {
    return Object.is(real, oracle) ? undefined : differing("the answer", real, oracle);
  }
  if (oracle instanceof BigUint64Array) {
    const same = real instanceof BigUint64Array && real.length === oracle.length && oracle.every((pa, i) => real[i] === pa);
    return same ? undefined : differing("the PAs", real, oracle);
  }
  if (Array.isArray(oracle)) {
    return differenceOfEvents(real as readonly PageTableMonitorEvent[], oracle as readonly PageTableMonitorEvent[]);
  }
  return differenceOfTranslations(real as Translation, oracle as Translation);
}

/** Counts, and what is said of every monitored address. */
export function differenceOfStates(real: Monitor, oracle: OracleMonitor): string | undefined {
  for (const count of ["monitoredTables", "monitoredEntries", "monitoredAddresses", "pagedInEntries"] as const) {
    if (real[count] !== oracle[count]) {
      return differing(count, real[count], oracle[count]);
    }
  }
  for (const { va, root, view, tag, references, result } of oracle.addresses()) {
    const found = real.lookup({ va, root }, view);
    const expected: LookupResult<string> = { tag, references, pa: result.pa, pageSize: result.pageSize };
    if (
      found === undefined ||
      found.tag !== tag ||
      found.references !== references ||
      found.pa !== result.pa ||
      found.pageSize !== result.pageSize
    ) {
      return differing(`lookup of ${inspect({ va, root, view })}`, found, expected);
    }
  }
  return undefined;
}

function differenceOfTranslations(real: Translation, oracle: Translation): string | undefined {
  const same =
    real.va === oracle.va &&
    real.root === oracle.root &&
    real.pa === oracle.pa &&
    real.pageSize === oracle.pageSize &&
    real.fault === oracle.fault &&
    real.entries.length === oracle.entries.length &&
    oracle.entries.every((entry, i) => {
      const other = real.entries[i];
      return other?.level === entry.level && other.name === entry.name && other.pa === entry.pa && other.value === entry.value;
    });
  return same ? undefined : differing("the translation", real, oracle);
}

function differenceOfEvents(real: readonly PageTableMonitorEvent[], oracle: readonly PageTableMonitorEvent[]): string | undefined {
  const same =
    Array.isArray(real) &&
    real.length === oracle.length &&
    oracle.every((event, i) => {
      const other = real[i];
      return (
        other?.type === event.type &&
        other.view === event.view &&
        other.root === event.root &&
        other.va === event.va &&
        other.pa === event.pa &&
        other.pageSize === event.pageSize &&
        other.tag === event.tag &&
        other.fault === event.fault
      );
    });
  return same ? undefined : differing("the events", real, oracle);
}

export function differing(what: string, real: unknown, oracle: unknown): string {
  return `${what}: the monitor says\n    ${inspect(real)}\n  and the oracle\n    ${inspect(oracle)}`;
}

export function inspect(value: unknown): string {
  if (value instanceof BigUint64Array) {
    return inspect([...value]);
  }
  if (value instanceof Error) {
    return `${value.name}: ${value.message}\n${value.stack}`;
  }
  return String(JSON.stringify(value, (_key, field: unknown) => (typeof field === "bigint" ? `0x${field.toString(16)}` : field)));
}
