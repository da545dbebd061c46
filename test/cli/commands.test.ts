/** The commands on real dumps, in this process: results, messages, exit statuses. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, ptm } from "./support/run.js";

const sample = (step: number) => `samples/linux-6.1-x86_64/step-${String(step).padStart(2, "0")}.elf.gz`;
const ALL_STEPS = Array.from({ length: 16 }, (_, step) => sample(step));
const SMALL = "0x10000000000+8M=small";
const SWAP = "0x10100000000+1M=swap";

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ptm-"));
  const whole = gunzipSync(readFileSync(sample(1)));
  writeFileSync(at("truncated.elf"), whole.subarray(0, Math.floor(whole.length / 2)));
  writeFileSync(at("headers-only.elf"), whole.subarray(0, 100));
  const packed = readFileSync(sample(1));
  writeFileSync(at("truncated.elf.gz"), packed.subarray(0, Math.floor(packed.length / 2)));
  writeFileSync(at("empty"), "");
  writeFileSync(at("notes.txt"), "these are notes, not a dump\n");
  writeFileSync(at("memory.raw"), new Uint8Array(16 * 4096));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("ptm info", () => {
  it("--json is one object with file, format, runs, vcpus and damage", async () => {
    const { status, stdout, stderr, objects } = await ptm(["info", sample(0), "--json"]);
    expect([status, stderr, linesOf(stdout).length]).toEqual([0, "", 1]);
    const [dump = {}] = objects();
    expect(Object.keys(dump).sort()).toEqual(["damage", "file", "format", "runs", "vcpus"]);
    expect(dump).toMatchObject({
      file: sample(0),
      format: "elf",
      vcpus: [{ root: "0x6772000", arch: { name: "amd64", levels: 4, virtualAddressBits: 48 } }],
      damage: [],
    });
    for (const run of dump.runs as object[]) {
      expect(run).toEqual({ gfn: expect.any(Number), count: expect.any(Number) });
    }
  });

  it("says the same to a person", async () => {
    const { status, stdout } = await ptm(["info", sample(0)]);
    expect(status).toBe(0);
    expect(stdout).toContain("0x6772000");
    expect(stdout).toContain("amd64");
  });

  it("says what it can of a damaged dump, and what is wrong by file, offset and expectation: status 1", async () => {
    for (const name of ["truncated.elf", "truncated.elf.gz"]) {
      const json = await ptm(["info", at(name), "--json"]);
      expect(json.status, name).toBe(1);
      const [dump = {}] = json.objects();
      const damage = dump.damage as { offset: number; expected: string; found: string }[];
      expect(damage.length, name).toBeGreaterThan(0);
      expect(damage[0]).toEqual({ offset: expect.any(Number), expected: expect.any(String), found: expect.any(String) });
      expect(json.stderr).toContain(`ptm: ${at(name)}: at offset 0x${damage[0]?.offset.toString(16)}: expected ${damage[0]?.expected}`);
      const person = await ptm(["info", at(name)]);
      expect(person.status).toBe(1);
      expect(person.stdout).toContain("damaged");
      expect(person.stderr).toBe(json.stderr);
    }
  });

  it("cannot read what is no dump: status 1, a message with the path, nothing on standard output, no trace", async () => {
    for (const path of [at("nowhere"), folder, at("empty"), at("notes.txt"), at("headers-only.elf"), `${at("memory.raw")}/x`, ""]) {
      const { status, stdout, stderr } = await ptm(["info", path]);
      expect([status, stdout], path).toEqual([1, ""]);
      expect(stderr.startsWith("ptm: "), stderr).toBe(true);
      expect(stderr).toContain(path);
      expect(linesOf(stderr)).toHaveLength(1);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe("ptm walk", () => {
  it("--json is a Translation a line, in the order of the addresses", async () => {
    const { status, stdout, stderr, objects } = await ptm(["walk", sample(3), "0x10000000123", "0x14000000000", "--json"]);
    expect([status, stderr, linesOf(stdout).length]).toEqual([0, "", 2]);
    const [backed, unbacked] = objects();
    expect(backed).toEqual({
      va: "0x10000000123",
      root: "0x6772000",
      pa: "0x3310123",
      pageSize: 4096,
      entries: [
        { level: 4, name: "PML4E", pa: "0x6772010", value: "0x6726067" },
        { level: 3, name: "PDPTE", pa: "0x6726000", value: "0x6723067" },
        { level: 2, name: "PDE", pa: "0x6723000", value: "0x6724067" },
        { level: 1, name: "PTE", pa: "0x6724000", value: "0x8000000003310225" },
      ],
    });
    expect(unbacked).toMatchObject({ va: "0x14000000000", fault: "not-present" });
    expect(Object.keys(unbacked ?? {}).sort()).toEqual(["entries", "fault", "root", "va"]);
  });

  it("takes an address in any spelling, and a root with bits that are no address", async () => {
    const { objects } = await ptm(["walk", sample(3), "100`00000123", "1099511628067", "--root", "0x8000000006772fff", "--json"]);
    expect(objects().map(({ va, root, pa }) => [va, root, pa])).toEqual([
      ["0x10000000123", "0x6772000", "0x3310123"],
      ["0x10000000123", "0x6772000", "0x3310123"],
    ]);
  });

  it("is a result, status 0, where an address is not backed or the dump lacks the root's table", async () => {
    const { status, objects } = await ptm(["walk", sample(3), "0", "--root", "0x1000", "--json"]);
    expect([status, objects()]).toEqual([0, [{ va: "0x0", root: "0x1000", entries: [], fault: "unreadable-table" }]]);
    const person = await ptm(["walk", sample(3), "0", "--root", "0x1000"]);
    expect([person.status, person.stderr]).toEqual([0, ""]);
    expect(person.stdout).toContain("the dump does not hold");
  });

  it("walks in the mode that --arch names", async () => {
    const { objects } = await ptm(["walk", sample(3), "0x10000000123", "--arch", "amd64-la57", "--json"]);
    expect(objects()[0]).toMatchObject({ entries: [{ level: 5, name: "PML5E" }, { level: 4 }] });
    expect((await ptm(["walk", sample(3), "0x800000000000", "--arch", "amd64-la57"])).status).toBe(0);
  });

  it("says what it can of a damaged dump, then that it is damaged: status 1", async () => {
    const { status, objects, stderr } = await ptm(["walk", at("truncated.elf"), "0x10000000000", "--root", "0x6772000", "--json"]);
    expect([status, objects().length]).toEqual([1, 1]);
    expect(stderr).toContain("at offset 0x");
  });
});

describe("ptm replay", () => {
  it("--json is an event a line with step and dump, and with nothing else than an event has", async () => {
    const { status, stderr, objects } = await ptm(["replay", sample(0), sample(1), sample(2), "--watch", SMALL, "--json"]);
    expect([status, stderr]).toEqual([0, ""]);
    const events = objects();
    expect(new Set(events.map((event) => `${event.step} ${event.dump}`))).toEqual(new Set([`1 ${sample(1)}`, `2 ${sample(2)}`]));
    for (const event of events) {
      expect(event).toEqual({
        step: expect.any(Number),
        dump: expect.any(String),
        type: expect.stringMatching(/^page-(in|out)$/),
        va: expect.stringMatching(/^0x100[0-9a-f]{8}$/),
        root: "0x6772000",
        view: 0,
        pa: expect.stringMatching(/^0x[0-9a-f]+000$/),
        pageSize: 4096,
        tag: "small",
        ...(event.type === "page-out" ? { fault: "not-present" } : {}),
      });
    }
    expect(events.filter((event) => event.type === "page-out").length).toBeGreaterThan(0);
  });

  it("leads by its events to what a walk of the last dump finds", async () => {
    const { objects } = await ptm(["replay", ...ALL_STEPS, "--watch", SMALL, "--watch", SWAP, "--json"]);
    const backed = new Map<unknown, unknown>();
    for (const event of objects()) {
      expect(backed.get(event.va)).toBe(event.type === "page-in" ? undefined : event.pa);
      if (event.type === "page-in") {
        backed.set(event.va, event.pa);
      } else {
        backed.delete(event.va);
      }
    }
    const pages = (start: bigint, count: number) =>
      Array.from({ length: count }, (_, i) => `0x${(start + BigInt(i) * 4096n).toString(16)}`);
    const vas = [...pages(0x10000000000n, 2048), ...pages(0x10100000000n, 256)];
    const walks = (await ptm(["walk", sample(15), ...vas, "--json"])).objects();
    expect(walks.map(({ va, pa }) => [va, pa])).toEqual(vas.map((va) => [va, backed.get(va)]));
    expect(backed.size).toBeGreaterThan(100);
  });

  it("tells a person each step, the stretches below it, and a lane a tag at the end", async () => {
    const { status, stdout, stderr } = await ptm(["replay", ...ALL_STEPS, "--watch", SMALL, "--watch", SWAP]);
    expect([status, stderr]).toEqual([0, ""]);
    for (const step of [0, 1, 15]) {
      expect(stdout).toMatch(new RegExp(`^ +${step} {2}step-${String(step).padStart(2, "0")}\\.elf\\.gz `, "m"));
    }
    expect(stdout).toMatch(/^ +\+ swap +0x10100000000-0x10100100000 +256 pages$/m);
    expect(stdout).toMatch(/^ {2}swap +256 +\+268 +-74 +194 {2}·\+·{10}-\+·· {2}·█{11}▆▆▆▆$/m);
    const longest = Math.max(...linesOf(stdout).map((line) => [...line].length));
    expect(longest).toBeLessThanOrEqual(80);
  });

  it("of addresses watched twice keeps the first tag and tells each event once", async () => {
    const twice = ["--watch", SWAP, "--watch", "0x10100000000+2M=more", "--watch", "0x10100000000"];
    const once = await ptm(["replay", sample(0), sample(1), "--watch", SWAP, "--json"]);
    expect((await ptm(["replay", sample(0), sample(1), ...twice, "--json"])).stdout).toBe(once.stdout);
    const person = (await ptm(["replay", sample(0), sample(1), ...twice])).stdout;
    expect(person).toMatch(/^512 addresses watched/);
    expect(person).toMatch(/^ {2}more +256 +0 +0 +0 /m);
  });

  it("watches the one address where no length is given, and tags it with its start", async () => {
    const { objects } = await ptm(["replay", sample(0), sample(1), "--watch", "10100000123", "--watch", "0x10100000123", "--json"]);
    expect(objects()).toMatchObject([{ va: "0x10100000123", tag: "0x10100000123", type: "page-in" }]);
  });

  it("with one dump is the start alone", async () => {
    expect(await ptm(["replay", sample(1), "--watch", SWAP, "--json"])).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const person = (await ptm(["replay", sample(1), "--watch", SWAP])).stdout;
    expect(person).toMatch(/^ +0 {2}step-01\.elf\.gz +256 {2}the start$/m);
    expect(person).toMatch(/^ {2}swap +256 +0 +0 +256 {2}· +█$/m);
  });

  it("passes over a dump that cannot be read, goes on with the next, and ends with 1", async () => {
    const missing = at("nowhere.elf");
    const straight = await ptm(["replay", sample(0), sample(1), "--watch", SWAP, "--json"]);
    const gapped = await ptm(["replay", sample(0), missing, sample(1), "--watch", SWAP, "--json"]);
    expect([gapped.status, linesOf(gapped.stderr).length]).toEqual([1, 1]);
    expect(gapped.stderr).toContain(missing);
    expect(gapped.stdout).toBe(straight.stdout.replaceAll('"step":1', '"step":2'));
    const person = await ptm(["replay", sample(0), missing, sample(1), "--watch", SWAP]);
    expect(person.status).toBe(1);
    expect(person.stdout).toMatch(/nowhere\.elf.*cannot be read/);
  });

  it("ends with 1 and says why where the first dump cannot be read", async () => {
    const { status, stdout, stderr } = await ptm(["replay", at("notes.txt"), sample(1), "--watch", SWAP]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(at("notes.txt"));
  });

  it("names damage once a dump, and marks its step", async () => {
    const { status, stdout, stderr } = await ptm(["replay", sample(0), at("truncated.elf"), sample(2), "--watch", SMALL]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/truncated\.elf .* damaged$/m);
    expect(stderr).toContain(`${at("truncated.elf")}: at offset 0x`);
    expect(new Set(linesOf(stderr)).size).toBe(linesOf(stderr).length);
  });
});

describe("wrong usage", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no command", [], /Usage/],
    ["an unknown command", ["frobnicate"], /unknown command 'frobnicate'/],
    ["an unknown option", ["info", sample(0), "--frob"], /unknown option '--frob'/],
    ["no dump", ["info"], /missing required argument/],
    ["a dump too many", ["info", sample(0), sample(1)], /too many arguments/],
    ["no address", ["walk", sample(0)], /missing required argument/],
    ["what is no address", ["walk", sample(0), "heap"], /"heap" is not an address/],
    ["an address that is not canonical", ["walk", sample(0), "0", "0x800000000000"], /0x800000000000 is not canonical/],
    ["an address beyond 64 bits", ["walk", sample(0), "0x10000000000000000"], /64 bits/],
    ["a root that is none", ["walk", sample(0), "0", "--root", "cr3"], /--root/],
    ["no root to be had", ["walk", "RAW", "0"], /--root PA/],
    ["an unknown mode", ["walk", sample(0), "0", "--arch", "vax"], /amd64, amd64-la57/],
    ["an unknown mode where the mode has no use", ["info", sample(0), "--arch", "vax"], /amd64, amd64-la57/],
    ["nothing to watch", ["replay", sample(0), sample(1)], /nothing to watch/],
    ["a watch that is none", ["replay", sample(0), "--watch", "here"], /"here" is not an address/],
    ["a watch that is not canonical", ["replay", sample(0), "--watch", "0x7ffffffff000+8K"], /not canonical/],
    ["a watch that nobody could keep", ["replay", sample(0), "--watch", "0+128T"], /--watch/],
    ["a watch of more pages than there is room for", ["replay", sample(0), "--watch", "0+65G"], /smaller ranges/],
    ["an option without its value", ["replay", sample(0), "--watch"], /argument missing/],
  ];

  for (const [name, argv, message] of cases) {
    it(`is ${name}: status 2, a message, nothing on standard output`, async () => {
      const { status, stdout, stderr } = await ptm(argv.map((word) => (word === "RAW" ? at("memory.raw") : word)));
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/\n\s+at /);
    });
  }

  it("is not to ask for help or the version: that is a result", async () => {
    const help = await ptm(["--help"]);
    expect([help.status, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toMatch(/info.*walk.*maps.*roots.*diff.*replay/s);
    expect((await ptm(["help", "walk"])).status).toBe(0);
    expect((await ptm(["replay", "--help"])).stdout).toContain("--watch");
    for (const command of ["", "info", "walk", "maps", "roots", "diff", "replay"]) {
      const { stdout } = await ptm([command, "--help"].filter((word) => word !== ""));
      expect(Math.max(...linesOf(stdout).map((line) => line.length)), command).toBeLessThanOrEqual(80);
    }
    expect(await ptm(["--version"])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe("the end of a command", () => {
  it("is quiet, with 0, where the reader has gone", async () => {
    const gone = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    const { status, stderr } = await ptm(["info", sample(0)], { stdoutError: gone });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("says what is wrong, with 1, where the result cannot be written for another reason", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const { status, stderr } = await ptm(["info", sample(0)], { stdoutError: full });
    expect([status, stderr]).toEqual([1, "ptm: ENOSPC: no space left on device, write\n"]);
  });

  it("is 130 on an interrupt, at once, and nothing is written after it", async () => {
    const interrupt = new AbortController();
    const running = ptm(["replay", ...ALL_STEPS, "--watch", SMALL, "--json"], { signal: interrupt.signal });
    interrupt.abort();
    const { status, stdout } = await running;
    expect([status, stdout]).toEqual([130, ""]);
  });
});
