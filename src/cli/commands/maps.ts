/**
 * `ptm maps DUMP`: what an address space holds, filtered while it is walked.
 *
 * What shared tables unfold to may have no end in sight: nothing is kept but a batch of rows, and after each there is time for an
 * interrupt.
 */

import { setImmediate as turn } from "node:timers/promises";
import type { Mapping, SpaceSummary, UnreadableTable } from "../../index.js";
import { mappings, summarize } from "../../index.js";
import type { Dump } from "../../model/dump.js";
import type { AddressSpace } from "../address-space.js";
import { cutToFrame, type MappingFilter } from "../arguments/mapping-filter.js";
import type { Progress } from "../format/progress.js";
import { byteSize } from "../format/text.js";

/** How a listing tells what it meets, and hears of its end. */
export interface ListingContext {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly onUnreadable: (table: UnreadableTable) => void;
}

const BATCH_ROWS = 512;
/** Stretches that are walked between two looks at the clock. */
const STRETCHES_A_LOOK = 256;
const LONGEST_BATCH_MS = 50;

/** The stretches that `filter` lets through, in batches, of which some may be empty. */
export async function* maps(
  dump: Dump,
  space: AddressSpace,
  filter: MappingFilter,
  context: ListingContext,
): AsyncGenerator<readonly Mapping[]> {
  const { signal, onUnreadable } = context;
  const options = { ...space, signal, ...(filter.range && { range: filter.range }) };
  const position = new Position(dump, options, context.progress);
  let rows: Mapping[] = [];
  let left = filter.limit;
  let walked = 0;
  let batchStartMs = performance.now();
  for (const mapping of await mappings(dump, { ...options, onUnreadable })) {
    const row = await admitted(dump, space, filter, mapping);
    if (row !== undefined) {
      rows.push(row);
      if (--left === 0) {
        break;
      }
    }
    position.add(mapping.length);
    walked++;
    const isLate = walked % STRETCHES_A_LOOK === 0 && performance.now() - batchStartMs > LONGEST_BATCH_MS;
    if (rows.length === BATCH_ROWS || isLate) {
      yield rows;
      rows = [];
      await position.report();
      await turn();
      batchStartMs = performance.now();
    }
  }
  yield rows;
}

async function admitted(dump: Dump, space: AddressSpace, filter: MappingFilter, mapping: Mapping): Promise<Mapping | undefined> {
  if (mapping.length < filter.minimumLength || !filter.admits(mapping.access)) {
    return undefined;
  }
  if (filter.framePa === undefined) {
    return mapping;
  }
  const part = cutToFrame(mapping, filter.framePa);
  return part === undefined || part.length === mapping.length ? part : await withOwnDetails(dump, space, part);
}

/** `part` of a stretch, with what its own pages have set. */
async function withOwnDetails(dump: Dump, space: AddressSpace, part: Mapping): Promise<Mapping> {
  const [own] = await mappings(dump, { ...space, range: { from: part.va, to: part.va + part.length } });
  return own ?? part;
}

/** How far a listing has come, in bytes that are mapped. How many there are is asked for only where it takes long. */
class Position {
  private bytes = 0n;
  private total: number | undefined;

  private readonly dump: Dump;
  private readonly options: AddressSpace & { readonly signal: AbortSignal };
  private readonly progress: Progress;

  constructor(dump: Dump, options: AddressSpace & { readonly signal: AbortSignal }, progress: Progress) {
    this.dump = dump;
    this.options = options;
    this.progress = progress;
  }

  add(length: bigint): void {
    this.bytes += length;
  }

  async report(): Promise<void> {
    if (this.progress.isSlow) {
      this.total ??= Number((await summarize(this.dump, this.options)).bytes);
    }
    this.progress.advance("listing", { done: Number(this.bytes), total: this.total, amount: byteSize });
  }
}

/** `ptm maps --summary`: counted without listing. Of the filter the range and the access count. */
export async function summary(
  dump: Dump,
  space: AddressSpace,
  { range, admits }: MappingFilter,
  { signal, onUnreadable }: ListingContext,
): Promise<SpaceSummary> {
  const whole = await summarize(dump, { ...space, ...(range && { range }), signal, onUnreadable });
  const parts = whole.parts.filter(({ access }) => admits(access));
  return {
    pages: parts.reduce((sum, part) => sum + part.pages, 0),
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0n),
    tables: whole.tables,
    parts,
  };
}
