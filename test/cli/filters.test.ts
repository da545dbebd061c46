/** The filters of `ptm maps` in any combination, against naive listings of random worlds. */

import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { amd64, type Mapping, mappings } from "../../src/index.js";
import { hex } from "../../src/model/hex.js";
import { listNaively, stretchesOf } from "../space/naive.js";
import { buildWorld, memoryOf, readerOf, worldPlan } from "../space/worlds.js";
import { linesOf, ptm } from "./support/run.js";
import { Folder, plain, type Tables, writeTables } from "./support/spaces.js";

const RUNS = 60;
const MOST_LEAVES = 5000;
const MODE = { levels: 4, physicalAddressBits: 52, encryptionMask: 0n } as const;
const FRAME = 4096n;
/** Tables of a dump that have a line each. */
const SAID_SINGLY = 8;
const folder = new Folder();
const file = folder.at("world.elf");
afterAll(() => folder.remove());

interface Asked {
  readonly flags: readonly string[];
  readonly privilege: string | undefined;
  readonly minSize: bigint | undefined;
  /** Which of the mapped frames, by its place. */
  readonly pa: number | undefined;
  readonly limit: number | undefined;
  readonly range: readonly [place: number, bytes: bigint] | undefined;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  flags: fc.subarray(["--writable", "--executable", "--wx"]),
  privilege: fc.constantFrom(undefined, "--user", "--kernel"),
  minSize: fc.constantFrom(undefined, 1n, 0x1001n, 0x3000n, 0x20_0000n),
  pa: fc.option(fc.nat(1000), { nil: undefined }),
  limit: fc.constantFrom(undefined, undefined, 1, 3),
  range: fc.option(fc.tuple(fc.nat(1000), fc.constantFrom(0x800n, 0x1000n, 0x7801n, 0x40_0000n, 0x8000_0000n)), { nil: undefined }),
});

it("take what a naive listing has of it, and say which tables are not there", async () => {
  await fc.assert(
    fc.asyncProperty(worldPlan, asked, async (plan, { flags, privilege, minSize, pa, limit, range }) => {
      const { guest, root } = buildWorld(plan);
      const whole = listNaively(readerOf(guest), MODE, root).leaves;
      fc.pre(whole.length < MOST_LEAVES);
      const pick = (place: number) => whole[place % Math.max(1, whole.length)];
      const from = range && (pick(range[0])?.va ?? 0n);
      // Within one half of the space: what lies between the two is no range.
      const half = from !== undefined && from < 1n << 47n ? 1n << 47n : 1n << 64n;
      const bounds = range && from !== undefined ? { from, to: from + range[1] < half ? from + range[1] : half } : undefined;
      const frame = pa === undefined ? undefined : (pick(pa)?.pa ?? 0n) & ~(FRAME - 1n);
      const words = [
        ...flags,
        ...(privilege === undefined ? [] : [privilege]),
        ...(minSize === undefined ? [] : ["--min-size", hex(minSize)]),
        ...(frame === undefined ? [] : ["--pa", hex(frame)]),
        ...(limit === undefined ? [] : ["--limit", `${limit}`]),
        ...(bounds ? ["--range", `${hex(bounds.from)}-${hex(bounds.to)}`] : []),
      ];
      writeTables(file, tablesOf(guest));
      const naive = listNaively(readerOf(guest), MODE, root, bounds);
      const admitted = stretchesOf(naive.leaves).filter(
        ({ access, length }) =>
          (!(flags.includes("--writable") || flags.includes("--wx")) || access.write) &&
          (!(flags.includes("--executable") || flags.includes("--wx")) || access.execute) &&
          (privilege !== "--user" || access.user) &&
          (privilege !== "--kernel" || !access.user) &&
          length >= (minSize ?? 0n),
      );
      const cut = frame === undefined ? admitted : await cutToFrame(admitted, frame, memoryOf(guest), root);
      const { status, objects, stderr } = await ptm(["maps", file, "--json", ...words]);
      expect([status, objects()], words.join(" ")).toEqual([0, plain(cut.slice(0, limit ?? cut.length))]);
      // A listing that is cut short has not come by all of them.
      const said = Math.min(naive.unreadable.length, SAID_SINGLY + 1);
      if (limit === undefined) expect(linesOf(stderr).length, stderr).toBe(said);
    }),
    { numRuns: RUNS },
  );
});

/** What of each stretch lies in the frame, as a listing of these addresses alone has it. */
async function cutToFrame(
  stretches: readonly Mapping[],
  frame: bigint,
  memory: Parameters<typeof mappings>[0],
  root: bigint,
): Promise<Mapping[]> {
  const cut: Mapping[] = [];
  for (const { va, length, pa } of stretches) {
    const from = pa > frame ? pa : frame;
    const to = pa + length < frame + FRAME ? pa + length : frame + FRAME;
    if (from >= to) continue;
    const range = { from: va + (from - pa), to: va + (to - pa) };
    cut.push(...(await mappings(memory, { root, range, arch: amd64() })));
  }
  return cut;
}

function tablesOf(guest: ReturnType<typeof buildWorld>["guest"]): Tables {
  const read = readerOf(guest);
  const tables: Record<number, Record<number, bigint>> = {};
  for (let gfn = 0; gfn < 0x40; gfn++) {
    const entries = read(gfn);
    if (entries) tables[gfn] = Object.fromEntries([...entries].map((entry, i) => [i, entry]));
  }
  return tables;
}
