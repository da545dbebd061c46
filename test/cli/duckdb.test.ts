/** The queries of the documentation, as they stand there, by DuckDB over what the command writes; against naive answers. */

import { readFileSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hex } from "../../src/model/hex.js";
import { ptm } from "./support/run.js";
import { Folder, listFile, SAMPLE_ROOT, sample } from "./support/spaces.js";

const folder = new Folder();
let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create()).connect();
});
afterAll(() => {
  connection.closeSync();
  folder.remove();
});

/** The commands and queries of a document, what they write moved into a folder of our own. */
function examplesOf(document: string): { readonly commands: readonly string[][]; readonly queries: readonly string[] } {
  const text = readFileSync(document, "utf8");
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, block = ""]) => block);
  const moved = (block: string) =>
    block.replaceAll(/changes\.parquet|fleet\//g, (name) => folder.at(name.replace("/", "")) + (name.endsWith("/") ? "/" : ""));
  const commands = blocks("sh").flatMap((block) => block.split("\n").filter((line) => line.startsWith("ptm ") && line.includes(" -o ")));
  return { commands: commands.map((line) => moved(line).split(" ").slice(1)), queries: blocks("sql").map(moved) };
}

async function rowsOf(query: string): Promise<readonly Record<string, unknown>[]> {
  return (await connection.runAndReadAll(query)).getRowObjectsJson();
}

/** Pages that are executable in step 3 and were not in step 2. */
async function becameExecutable(): Promise<readonly string[]> {
  const executable = async (step: number) => {
    const { leaves } = await listFile(sample(step), SAMPLE_ROOT);
    const pages = leaves
      .filter(({ access }) => access[2] === "x")
      .flatMap(({ va, length }) => Array.from({ length: Number(length / 4096n) }, (_, i) => va + BigInt(i) * 4096n));
    return new Set(pages);
  };
  const before = await executable(2);
  return [...(await executable(3))].filter((va) => !before.has(va)).map(hex);
}

describe("the queries of the documentation", () => {
  it("name the pages that became executable between two dumps, from their difference, as the README shows", async () => {
    const { commands, queries } = examplesOf("README.md");
    expect([commands.length, queries.length]).toEqual([1, 1]);
    for (const command of commands) expect((await ptm(command)).status).toBe(0);
    const rows = await rowsOf(queries[0] as string);
    const pages = rows.flatMap(({ va, pages: count }) =>
      Array.from({ length: Number(count) }, (_, i) => hex(BigInt(va as string) + BigInt(i) * 4096n)),
    );
    expect(pages).toEqual(await becameExecutable());
    expect(pages.length).toBeGreaterThan(0);
    const shown = rows.map(({ va, pages: count, type }) => `| ${va} | ${count} | ${type} |`);
    expect(readFileSync("README.md", "utf8")).toContain(`| --- | --- | --- |\n${shown.join("\n")}\n\n`);
  });

  it("name them too from two listings in one folder, by dump and root", async () => {
    const { commands, queries } = examplesOf("docs/tables.md");
    expect([commands.length, queries.length]).toEqual([2, 1]);
    for (const command of commands) expect((await ptm(command)).status).toBe(0);
    const rows = await rowsOf(queries[0] as string);
    expect(rows.map(({ va }) => va)).toEqual(await becameExecutable());
  });
});

describe("DuckDB", () => {
  it("reads each kind with the types of the documentation, also where a table is empty", async () => {
    const files = {
      mappings: ["maps", sample(3), "--user"],
      changes: ["diff", sample(6), sample(7), "--all"],
      roots: ["roots", sample(9)],
      events: ["replay", sample(9), sample(10), "--watch", "0x10080000000+4M=hugetlb"],
      empty: ["diff", sample(3), sample(3)],
    };
    const names: Readonly<Record<string, string>> = {
      UINT64: "UBIGINT",
      INT64: "BIGINT",
      INT32: "INTEGER",
      STRING: "VARCHAR",
      "LIST<UINT64>": "UBIGINT[]",
      "LIST<STRING>": "VARCHAR[]",
    };
    for (const [name, words] of Object.entries(files)) {
      const file = folder.at(`typed-${name}.parquet`);
      await ptm([...words, "-o", file]);
      const kind = name === "empty" ? "changes" : name;
      const section = readFileSync("docs/tables.md", "utf8").split(`\n## ${kind}\n`)[1]?.split("\n## ")[0] ?? "";
      const documented = [...section.matchAll(/^\| `(\w+)` \| ([^|,]+?)(?:, nullable)? \|/gm)].map(
        ([, column, type = ""]) => `${column} ${names[type] ?? type}`,
      );
      const described = await rowsOf(`DESCRIBE FROM '${file}'`);
      expect(described.map(({ column_name, column_type }) => `${column_name} ${column_type}`)).toEqual(documented);
      const [counted] = await rowsOf(`SELECT count(*)::INTEGER AS rows FROM '${file}'`);
      expect(counted?.rows).toBe((await ptm([...words, "--json"])).objects().length);
    }
  });

  it("reads CSV and JSON lines as the same table", async () => {
    const sums = async (source: string, numbers: string) => {
      const query = `SELECT count(*)::INTEGER AS n, sum(va${numbers})::VARCHAR AS vas, sum(pageSize::BIGINT)::VARCHAR AS sizes FROM ${source}`;
      return (await rowsOf(query))[0];
    };
    const at = (ending: string) => folder.at(`same.${ending}`);
    for (const ending of ["parquet", "csv", "jsonl"]) await ptm(["maps", sample(3), "--kernel", "-o", at(ending)]);
    const expected = await sums(`'${at("parquet")}'`, "");
    expect(await sums(`read_csv('${at("csv")}')`, "::UBIGINT")).toEqual(expected);
    expect(await sums(`read_json('${at("jsonl")}')`, "::UBIGINT")).toEqual(expected);
    expect(expected?.n).toBeGreaterThan(60_000);
  });

  it("finds addresses of the kernel's half by their statistics, as unsigned numbers", async () => {
    const file = folder.at("kernel.parquet");
    await ptm(["maps", sample(3), "-o", file]);
    const [row] = await rowsOf(
      `SELECT printf('0x%x', min(va)) AS low, count(*)::INTEGER AS n FROM '${file}' WHERE va >= '0xffff800000000000'::UBIGINT`,
    );
    const { leaves } = await listFile(sample(3), SAMPLE_ROOT);
    expect(row?.low).toBe(hex(leaves.find(({ va }) => va >> 63n === 1n)?.va ?? 0n));
    expect(row?.n).toBeGreaterThan(60_000);
  });
});
