/**
 * How much speaks for each candidate, in points and in words.
 *
 * What it leads to is the ground; what is certain (a vCPU runs on it, the kernel names it) counts most, then signs of life: a
 * lower half in use for user mode, the kernel's half shared with others. What tells a copy from its original counts against it.
 */

import { gfnOf, paOf } from "../../model/address.js";
import type { Architecture } from "../../model/architecture.js";
import { hex } from "../../model/hex.js";
import type { Turns } from "../../model/turns.js";
import type { RootCandidate } from "./candidate.js";
import { framesInKernelImage, framesMappedForUsers } from "./mapped-frames.js";
import {
  bestOfContests,
  contestedFrames,
  contests,
  isolationPairs,
  kernelLowerSlots,
  kernelTables,
  privateLowerSlots,
  type Sharing,
  sharedUpperHalves,
  userSlots,
} from "./relations.js";
import type { RootFacts, RootScan } from "./scan.js";

export interface Findings {
  readonly scan: RootScan;
  readonly arch: Architecture;
  /** By vCPU. */
  readonly vcpuGfns: readonly (number | undefined)[];
  readonly kernelGfn: number | undefined;
  readonly all: readonly RootFacts[];
}

const POINTS = {
  plausible: 50,
  vcpu: 60,
  kernelRoot: 60,
  kernelImage: 25,
  lowerHalf: 40,
  sharedUpperHalf: 20,
  selfMap: 15,
  pair: 10,
  pairOfKernelRoot: 40,
  malformed: -10,
  copy: -60,
  userData: -80,
} as const;

/** So much of the lower half must lead to tables for it to be in use. */
const LEAST_LOWER = 0.8;

interface Claim {
  readonly points: number;
  readonly reason: string;
}

export async function rankCandidates(findings: Findings, turns: Turns): Promise<RootCandidate[]> {
  const { all, arch, scan } = findings;
  const sharing = await sharedUpperHalves(all, turns);
  const pairs = isolationPairs(all);
  const partners = new Map([...pairs].flatMap(([kernel, user]) => [[kernel, user] as const, [user, kernel] as const]));
  const image = await kernelImage(findings, turns);
  const relations: Relations = {
    sharing,
    pairs,
    partners,
    originals: new Map(),
    image,
    mostOfImage: [...image].reduce((most, gfn) => Math.max(most, sharing.get(gfn)?.used ?? 0), 1),
    kernelTables: await kernelTables(all, turns),
  };
  const shared = await contests(all, turns);
  const doubtful = await contestedFrames(shared, partners, turns);
  // Whose frame is mapped for user mode is a program's data, whatever it looks like. Only where there are doubts is
  // that worth a look.
  const mapped = doubtful.size === 0 ? new Set<number>() : await framesMappedForUsers(scan, arch, all, doubtful, turns);
  const ranks = likeliestFirst(findings, relations, mapped);
  for (const [gfn, original] of await bestOfContests(shared, partners, (one) => ranks.get(one) as number, turns)) {
    if (original !== gfn) relations.originals.set(gfn, original);
  }
  const candidates: RootCandidate[] = [];
  for (const facts of all) {
    const claims = claimsOf(facts, findings, relations, mapped).sort((a, b) => Math.abs(b.points) - Math.abs(a.points));
    candidates.push({
      root: paOf(facts.gfn),
      arch,
      score: Math.round(claims.reduce((sum, { points }) => sum + points, 0)),
      reasons: claims.map(({ reason }) => reason),
      ...isolationOf(facts.gfn, relations),
    });
    await turns.give();
  }
  return candidates.sort((a, b) => b.score - a.score || (a.root < b.root ? -1 : 1));
}

interface Relations {
  readonly sharing: ReadonlyMap<number, Sharing>;
  /** Kernel root to user root. */
  readonly pairs: ReadonlyMap<number, number>;
  /** The same, both ways. */
  readonly partners: ReadonlyMap<number, number>;
  /** Of what is taken for a copy. */
  readonly originals: Map<number, number>;
  /** Frames within the kernel's image. */
  readonly image: ReadonlySet<number>;
  /** Slots of the upper half that the one of them has that has most. */
  readonly mostOfImage: number;
  /** By GFN. */
  readonly kernelTables: ReadonlySet<number>;
}

/** As the likeliest of all candidates has it mapped. */
async function kernelImage({ scan, arch, all, vcpuGfns }: Findings, turns: Turns): Promise<ReadonlySet<number>> {
  const signs = ({ gfn, plausible, tables }: RootFacts): number[] => [
    vcpuGfns.includes(gfn) ? 1 : 0,
    Math.round(10 * (plausible ?? 0)),
    tables,
  ];
  const best = all.reduce<RootFacts | undefined>((one, other) => (one && !isMore(signs(other), signs(one)) ? one : other), undefined);
  if (!best) return new Set();
  const frames = all.map(({ gfn }) => gfn);
  return framesInKernelImage(scan, arch, best.gfn, frames, turns);
}

function claimsOf(facts: RootFacts, findings: Findings, relations: Relations, mapped: ReadonlySet<number>): Claim[] {
  const { gfn } = facts;
  const claims: Claim[] = [groundOf(facts), ...lowerHalfOf(facts, findings, relations)];
  const on = findings.vcpuGfns.flatMap((vcpuGfn, vcpu) => (vcpuGfn === gfn ? [vcpu] : []));
  if (on.length > 0) claims.push({ points: POINTS.vcpu, reason: `vCPU ${on.join(", ")} runs on it` });
  if (relations.image.has(gfn)) {
    // The tables that a kernel starts with lie there as well, with little of its half in them.
    const points = (POINTS.kernelImage * (relations.sharing.get(gfn)?.used ?? 0)) / relations.mostOfImage;
    claims.push({ points, reason: "it lies in the kernel's image, as mapped in the last 2 GiB" });
  }
  if (isKernelRoot(gfn, findings))
    claims.push({ points: POINTS.kernelRoot, reason: "the kernel's own: VMCOREINFO names it (swapper_pg_dir)" });
  const sharing = relations.sharing.get(gfn);
  if (sharing && sharing.shared > 0) {
    const reason = `${sharing.shared} of its ${sharing.used} entries for the upper half are those of ${sharing.others} other ${sharing.others === 1 ? "candidate" : "candidates"}`;
    claims.push({ points: (POINTS.sharedUpperHalf * sharing.shared) / sharing.used, reason });
  }
  if (facts.selfMap !== undefined) claims.push({ points: POINTS.selfMap, reason: `entry ${facts.selfMap} leads back to it: a self-map` });
  if (facts.malformed > 0) claims.push({ points: POINTS.malformed, reason: `${facts.malformed} of its entries are malformed` });
  claims.push(...pairClaim(gfn, findings, relations));
  const original = relations.originals.get(gfn);
  if (original !== undefined)
    claims.push({ points: POINTS.copy, reason: `leads to the same tables as ${hex(paOf(original))}: a copy of it` });
  if (mapped.has(gfn)) claims.push({ points: POINTS.userData, reason: "the frame is mapped for user mode: it is a program's data" });
  return claims;
}

function groundOf({ plausible, tables }: RootFacts): Claim {
  if (plausible === undefined) return { points: 0, reason: `nothing below its ${tables} entries is there to be judged` };
  return {
    points: POINTS.plausible * plausible,
    reason: `${Math.round(100 * plausible)} % of what its ${tables} ${tables === 1 ? "entry leads" : "entries lead"} to are page tables`,
  };
}

function lowerHalfOf(facts: RootFacts, findings: Findings, relations: Relations): Claim[] {
  const ofKernel = kernelLowerSlots(facts, relations.kernelTables);
  const slots = userSlots(facts) - ofKernel;
  const words = slots === 1 ? "1 entry" : `${slots} entries`;
  if (slots === 0) {
    if (ofKernel > 0) return [{ points: 0, reason: "its lower half leads to the kernel's own tables" }];
    if (privateLowerSlots(facts) > 0) return [{ points: 0, reason: "its lower half is not for user mode" }];
    return isKernelRoot(facts.gfn, findings) ? [] : [{ points: 0, reason: "its lower half is empty: freed, or the kernel's alone" }];
  }
  if ((facts.plausibleLower ?? 0) >= LEAST_LOWER) {
    return [{ points: POINTS.lowerHalf, reason: `its lower half is in use: ${words} for user mode` }];
  }
  return [{ points: 0, reason: `its lower half has ${words} for user mode, and little below is page tables: freed, or damaged` }];
}

function pairClaim(gfn: number, findings: Findings, relations: Relations): Claim[] {
  const isolation = isolationOf(gfn, relations).isolation;
  if (!isolation) return [];
  const { role, partner } = isolation;
  const other = role === "kernel" ? "user" : "kernel";
  const points = role === "user" && isKernelRoot(gfnOf(partner), findings) ? POINTS.pairOfKernelRoot : POINTS.pair;
  return [{ points, reason: `page-table isolation: the ${role} root, ${hex(partner)} is its ${other} root` }];
}

function isolationOf(gfn: number, { pairs, partners }: Relations): Pick<RootCandidate, "isolation"> {
  const partner = partners.get(gfn);
  return partner === undefined ? {} : { isolation: { role: pairs.has(gfn) ? "kernel" : "user", partner: paOf(partner) } };
}

/** Places of all candidates, the likeliest in use first: who of several with common tables is the original. */
function likeliestFirst(
  { all, vcpuGfns }: Findings,
  { partners, sharing }: Relations,
  mapped: ReadonlySet<number>,
): ReadonlyMap<number, number> {
  const signed = all.map(({ gfn, selfMap, plausible, tables }) => ({
    gfn,
    signs: [
      mapped.has(gfn) ? 0 : 1,
      vcpuGfns.includes(gfn) ? 1 : 0,
      selfMap === undefined ? 0 : 1,
      partners.has(gfn) ? 1 : 0,
      plausible ?? 0,
      tables,
      sharing.get(gfn)?.others ?? 0,
      -gfn,
    ],
  }));
  const ordered = signed.sort((a, b) => (isMore(a.signs, b.signs) ? -1 : 1));
  return new Map(ordered.map(({ gfn }, place) => [gfn, place]));
}

/** The first sign in which they differ decides. */
function isMore(one: readonly number[], other: readonly number[]): boolean {
  const place = one.findIndex((sign, i) => sign !== other[i]);
  return place >= 0 && one[place] > other[place];
}

function isKernelRoot(gfn: number, { kernelGfn }: Findings): boolean {
  return gfn === kernelGfn;
}
