/**
 * JSON lines: the library's objects, one a line. Every bigint is a `"0x…"` string, every number a number, what is undefined is
 * left out; members stand in the order of their declaration, whatever order the object at hand has them in.
 *
 * Written out by kind, not by `JSON.stringify`: a listing has millions of rows.
 */

import { hex } from "../model/hex.js";
import type { Access } from "../space/access.js";
import type { Backing, Change, SharedChange } from "../space/change.js";
import type { Mapping } from "../space/mapping.js";
import type { RootCandidate } from "../space/roots/candidate.js";
import type { TableEvent, TableKind, TableRows } from "./kinds.js";

const LINES: { readonly [Kind in TableKind]: (row: TableRows[Kind]) => string } = {
  mappings: mappingLine,
  changes: changeLine,
  roots: rootLine,
  events: eventLine,
};

/** Makes the line of a row, with its end. */
export function jsonLineOf<Kind extends TableKind>(kind: Kind): (row: TableRows[Kind]) => string {
  return LINES[kind];
}

function mappingLine({ va, length, pa, pageSize, access, details }: Mapping): string {
  const { global, accessed, dirty } = details;
  const rest = `"details":{"global":${global},"accessed":${accessed},"dirty":${dirty}}`;
  return `{"va":"${hex(va)}","length":"${hex(length)}","pa":"${hex(pa)}","pageSize":${pageSize},"access":${accessJson(access)},${rest}}\n`;
}

function changeLine(change: Change | SharedChange): string {
  const before = change.before === undefined ? "" : `,"before":${backingJson(change.before)}`;
  const after = change.after === undefined ? "" : `,"after":${backingJson(change.after)}`;
  const roots = "roots" in change ? `,"roots":[${change.roots.map((root) => `"${hex(root)}"`).join()}]` : "";
  return `{"type":"${change.type}","va":"${hex(change.va)}","length":"${hex(change.length)}"${before}${after}${roots}}\n`;
}

function rootLine({ root, arch, score, reasons, isolation }: RootCandidate): string {
  const paired = isolation === undefined ? "" : `,"isolation":{"role":"${isolation.role}","partner":"${hex(isolation.partner)}"}`;
  const mode = JSON.stringify({ name: arch.name, levels: arch.levels, virtualAddressBits: arch.virtualAddressBits });
  return `{"root":"${hex(root)}","arch":${mode},"score":${score},"reasons":${JSON.stringify(reasons)}${paired}}\n`;
}

function eventLine({ step, dump, type, va, root, view, pa, pageSize, tag, fault }: TableEvent): string {
  return `{${seenJson(step, dump)}${eventJson(type, va, root, view, pa, pageSize, JSON.stringify(tag), faultJson(fault))}\n`;
}

/** Where an event was seen: the start of its object, behind the brace. */
export function seenJson(step: number | undefined, dump: string | undefined): string {
  return `${step === undefined ? "" : `"step":${step},`}${dump === undefined ? "" : `"dump":${JSON.stringify(dump)},`}`;
}

/** An event from its type on, with the closing brace; tag and fault are JSON already. */
export function eventJson(
  type: TableEvent["type"],
  va: bigint,
  root: bigint,
  view: number,
  pa: bigint,
  pageSize: number,
  tag: string,
  fault: string,
): string {
  const place = `"va":"${hex(va)}","root":"${hex(root)}","view":${view}`;
  return `"type":"${type}",${place},"pa":"${hex(pa)}","pageSize":${pageSize},"tag":${tag}${fault}}`;
}

/** The member of a fault, with the comma before it; nothing where there is none. */
export function faultJson(fault: TableEvent["fault"]): string {
  return fault === undefined ? "" : `,"fault":"${fault}"`;
}

function backingJson({ pa, pageSize, access }: Backing): string {
  return `{"pa":"${hex(pa)}","pageSize":${pageSize},"access":${accessJson(access)}}`;
}

function accessJson({ read, write, execute, user }: Access): string {
  return `{"read":${read},"write":${write},"execute":${execute},"user":${user}}`;
}
