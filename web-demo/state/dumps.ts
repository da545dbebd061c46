/**
 * The dumps on the page: in which order, and how far each is.
 *
 * A dump keeps its id while its place changes. What is said beside it comes from opening it (`status`) and from the replay
 * (`complaints`).
 */

import { computed, signal } from "@preact/signals";
import { compareNames } from "../model/dump-order.js";
import type { RemoteDump } from "../session/engine.js";

export type DumpStatus =
  | { readonly type: "waiting" }
  | { readonly type: "opening"; readonly done: number; readonly total: number }
  | { readonly type: "ready"; readonly dump: RemoteDump }
  | { readonly type: "failed"; readonly problem: string };

export interface DumpItem {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  /** Reads the file: from the disk, or from the server that the page came from. */
  readonly source: () => Promise<Blob>;
  readonly status: DumpStatus;
}

export interface ReadyDump {
  readonly item: DumpItem;
  readonly step: number;
  readonly dump: RemoteDump;
}

export interface NewDump {
  readonly name: string;
  readonly size: number;
  readonly source: () => Promise<Blob>;
}

let nextId = 1;

export const dumps = signal<readonly DumpItem[]>([]);

/** Names of the files that a link was made with, in its order. */
export const expectedFiles = signal<readonly string[]>([]);
/** Those that are not here yet. */
export const missingFiles = computed<readonly string[]>(() => {
  const here = new Set(dumps.value.map(({ name }) => name));
  return expectedFiles.value.filter((name) => !here.has(name));
});

/** Said by the replay, by id: a mode that does not fit, tables that are missing. */
export const complaints = signal<ReadonlyMap<number, string>>(new Map());

export const readyDumps = computed<readonly ReadyDump[]>(() =>
  dumps.value.flatMap((item, step) => (item.status.type === "ready" ? [{ item, step, dump: item.status.dump }] : [])),
);

export const isOpening = computed(() => dumps.value.some(({ status }) => status.type === "waiting" || status.type === "opening"));

/** New ones in the order of their names, behind those that are there; files of a link in the order of the link. */
export function addDumps(added: readonly NewDump[]): readonly DumpItem[] {
  const items = [...added]
    .sort((a, b) => compareNames(a.name, b.name))
    .map((dump): DumpItem => ({ ...dump, id: nextId++, status: { type: "waiting" } }));
  const all = [...dumps.value, ...items];
  const places = new Map(expectedFiles.value.map((name, place) => [name, place]));
  const placeOf = ({ name }: DumpItem): number => places.get(name) ?? places.size;
  dumps.value = places.size === 0 ? all : all.sort((a, b) => placeOf(a) - placeOf(b));
  return items;
}

/** Statuses are shown together, this often at most: sixteen small dumps open faster than a page is drawn sixteen times. */
const STATUS_MILLISECONDS = 120;
const pending = new Map<number, DumpStatus>();
let showing: ReturnType<typeof setTimeout> | undefined;

export function setStatus(id: number, status: DumpStatus): void {
  pending.set(id, status);
  showing ??= setTimeout(showStatuses, STATUS_MILLISECONDS);
}

export function showStatuses(): void {
  clearTimeout(showing);
  showing = undefined;
  if (pending.size === 0) return;
  const statuses = new Map(pending);
  pending.clear();
  dumps.value = dumps.value.map((item) => {
    const status = statuses.get(item.id);
    return status === undefined ? item : { ...item, status };
  });
}

export function hasDump(id: number): boolean {
  return dumps.value.some((item) => item.id === id);
}

/** What somebody has taken out: files of a link among them are no longer missing. */
export function removeDumps(ids: readonly number[]): void {
  const names = new Set(letGoOf(ids).map(({ name }) => name));
  expectedFiles.value = expectedFiles.value.filter((name) => !names.has(name));
}

/** Answers those that are gone; files of a link among them are missing now. */
export function letGoOf(ids: readonly number[]): readonly DumpItem[] {
  showStatuses();
  const wanted = new Set(ids);
  const gone = dumps.value.filter(({ id }) => wanted.has(id));
  dumps.value = dumps.value.filter(({ id }) => !wanted.has(id));
  for (const { status } of gone) {
    if (status.type === "ready") void status.dump.close();
  }
  return gone;
}

/** To place `to` of the list. */
export function moveDump(id: number, to: number): void {
  const from = dumps.value.findIndex((item) => item.id === id);
  const moved = dumps.value[from];
  if (moved === undefined || to < 0 || to >= dumps.value.length || to === from) return;
  const others = dumps.value.filter((item) => item.id !== id);
  dumps.value = [...others.slice(0, to), moved, ...others.slice(to)];
}

export function sortDumps(): void {
  dumps.value = [...dumps.value].sort((a, b) => compareNames(a.name, b.name));
}
