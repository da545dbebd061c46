/** Tables in every format: read back they are what went in, and the same in all. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { describe, expect, it } from "vitest";
import { amd64 } from "../../src/arch/amd64.js";
import { type TableEvent, type TableFormat, type TableKind, type TableRows, tableWriter } from "../../src/export/index.js";
import { schemaOf } from "../../src/export/schemas.js";
import { PageTableError } from "../../src/model/errors.js";
import { toColumns } from "../oracle/events.js";
import { csvRecords, joined, reread, rowOf } from "./rereading.js";

const FORMATS: readonly TableFormat[] = ["json", "csv", "parquet"];
const KINDS: readonly TableKind[] = ["mappings", "changes", "roots", "events"];
/** More than two row groups. */
const MANY = 150_000;

const address = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const pageSize = fc.constantFrom(4096, 2 ** 21, 2 ** 30);
const pages = fc.nat({ max: 2 ** 32 - 1 });
const access = fc.record({ read: fc.boolean(), write: fc.boolean(), execute: fc.boolean(), user: fc.boolean() });
const backing = fc.record({ pa: address, pageSize, access });
/** With everything in it that a format could trip over. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", " ", "a,b", 'say "so"', "two\nlines", "\r", "=1+1", "null", "0x10"),
);
const words = fc.constantFrom("VMCOREINFO names it as swapper_pg_dir", "vCPU 0 is on it", 'an "odd", word');

const change = fc
  .record({ type: fc.constantFrom("remap", "access", "page-size"), va: address, length: address, before: backing, after: backing })
  .chain((whole) => {
    const { before, after, ...common } = whole;
    return fc.constantFrom(whole, { ...common, type: "page-in", after }, { ...common, type: "page-out", before });
  });

const ROWS = {
  mappings: fc.record({
    va: address,
    length: address,
    pa: address,
    pageSize,
    access,
    details: fc.record({ global: pages, accessed: pages, dirty: pages }),
  }),
  changes: fc
    .tuple(change, fc.option(fc.array(address, { minLength: 1, maxLength: 4 }), { nil: undefined }))
    .map(([whole, roots]) => (roots === undefined ? whole : { ...whole, roots })),
  roots: fc
    .tuple(
      fc.record({
        root: address,
        arch: fc.constantFrom(amd64(), amd64({ levels: 5 })),
        score: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }),
        reasons: fc.array(words, { maxLength: 3 }),
      }),
      fc.option(fc.record({ role: fc.constantFrom("kernel", "user"), partner: address }), { nil: undefined }),
    )
    .map(([candidate, isolation]) => (isolation === undefined ? candidate : { ...candidate, isolation })),
  events: fc.record({
    step: fc.option(fc.nat({ max: 2 ** 31 - 1 }), { nil: undefined }),
    dump: fc.option(text, { nil: undefined }),
    type: fc.constantFrom("page-in", "page-out"),
    va: address,
    root: address,
    view: fc.nat({ max: 65535 }),
    pa: address,
    pageSize,
    tag: text,
    fault: fc.constantFrom(undefined, "not-present", "reserved-bit", "unreadable-table"),
  }),
} as unknown as { readonly [Kind in TableKind]: fc.Arbitrary<TableRows[Kind]> };

function written<Kind extends TableKind>(kind: Kind, format: TableFormat, rows: Iterable<TableRows[Kind]>): Uint8Array {
  const pieces: Uint8Array[] = [];
  const table = tableWriter(kind, format, (bytes) => pieces.push(bytes));
  for (const row of rows) table.row(row as never);
  table.end();
  return joined(pieces);
}

describe.each(KINDS)("a table of %s", (kind) => {
  it.each(FORMATS)("holds in %s exactly the rows that went in", async (format) => {
    await fc.assert(
      fc.asyncProperty(fc.array(ROWS[kind] as fc.Arbitrary<never>, { maxLength: 40 }), async (rows) => {
        const expected = rows.map((row) => rowOf(schemaOf(kind), row));
        expect(await reread(kind, format, written(kind, format, rows))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("has the columns that the documentation says, in its order", () => {
    const section = readFileSync("docs/tables.md", "utf8").split(`\n## ${kind}\n`)[1]?.split("\n## ")[0] ?? "";
    const documented = [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
    const columns = schemaOf(kind).map(({ name, type, isOptional }) => `${name} ${type}${isOptional ? ", nullable" : ""}`);
    expect(documented).toEqual(columns);
    const { schema } = parquetMetadata(written(kind, "parquet", []).slice().buffer as ArrayBuffer);
    const inner = new Set(["schema", "list", "element"]);
    const named = schema.filter(({ name }) => !inner.has(name)).map(({ name, repetition_type }) => `${name} ${repetition_type}`);
    expect(named).toEqual(schemaOf(kind).map(({ name, isOptional }) => `${name} ${isOptional ? "OPTIONAL" : "REQUIRED"}`));
    const [head = []] = csvRecords(new TextDecoder().decode(written(kind, "csv", [])));
    expect(head.map((field) => field.text)).toEqual(schemaOf(kind).map(({ name }) => name));
  });
});

const event = (i: number): TableEvent => ({
  step: 1 + (i % 3),
  dump: "a,b.elf",
  type: i % 2 === 0 ? "page-in" : "page-out",
  va: 0xffff_8000_0000_0000n + BigInt(i) * 4096n,
  root: 0x6772000n,
  view: i % 2,
  pa: BigInt((i * 7919) % 100_003) * 4096n,
  pageSize: 4096,
  tag: `tag ${i % 5}`,
  fault: i % 2 === 0 ? undefined : "not-present",
});

describe("a table of many rows", () => {
  it("leaves in pieces, so that none of it need be kept", async () => {
    for (const format of FORMATS) {
      const sizes: number[] = [];
      const table = tableWriter("events", format, (bytes) => sizes.push(bytes.length));
      for (let i = 0; i < MANY; i++) table.row(event(i));
      const before = sizes.length;
      table.end();
      expect(before, format).toBeGreaterThan(1);
      expect(sizes.length, format).toBeGreaterThan(before);
      expect(Math.max(...sizes), format).toBeLessThan(4_000_000);
    }
  });

  it("is read back whole over the bounds of its row groups, which say what addresses they hold", async () => {
    const bytes = written(
      "events",
      "parquet",
      Array.from({ length: MANY }, (_, i) => event(i)),
    );
    const rows = await reread("events", "parquet", bytes);
    expect(rows.length).toBe(MANY);
    for (const i of [0, 65_535, 65_536, 131_071, 131_072, MANY - 1]) expect(rows[i]).toEqual(rowOf(schemaOf("events"), event(i)));
    const { row_groups } = parquetMetadata(bytes.slice().buffer as ArrayBuffer);
    const starts = row_groups.map(({ columns }) => columns[3]?.meta_data?.statistics?.min_value);
    expect(starts).toEqual([event(0).va, event(65_536).va, event(131_072).va]);
  });
});

describe("events as columns", () => {
  it.each(FORMATS)("make the same %s as events as objects, also in parts", (format) => {
    const events = Array.from({ length: 1000 }, (_, i) => ({ ...event(i), step: 2, dump: 'd"ump' }));
    const columns = toColumns(events);
    const pieces: Uint8Array[] = [];
    const table = tableWriter("events", format, (bytes) => pieces.push(bytes));
    table.columns(columns, { step: 2, dump: 'd"ump' }, 0, 300);
    table.columns(columns, { step: 2, dump: 'd"ump' }, 300);
    table.end();
    expect(Buffer.compare(joined(pieces), written("events", format, events))).toBe(0);
  });

  it.each(FORMATS)("of a live guest have neither step nor dump in %s", async (format) => {
    const events = [event(0), event(1)].map(({ step, dump, ...rest }) => rest);
    const pieces: Uint8Array[] = [];
    const table = tableWriter("events", format, (bytes) => pieces.push(bytes));
    table.columns(toColumns(events));
    table.end();
    const rows = await reread("events", format, joined(pieces));
    expect(rows).toEqual(events.map((row) => rowOf(schemaOf("events"), row)));
    expect(Object.keys(rows[0] ?? {})).not.toContain("step");
  });
});

describe("a format that is none", () => {
  it("is refused", () => {
    expect(() => tableWriter("roots", "xml" as TableFormat, () => {})).toThrow(PageTableError);
  });
});
