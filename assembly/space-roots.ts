/**
 * What the frames of a dump could be, and how good a top-level table some of them make.
 *
 * Every frame is looked at once, as it is read: entries that no table has end the look early. What is left is judged by where
 * it leads: a PT looks like a top-level table, but the pages it maps do not look like tables. The byte that every frame has
 * got answers that for most; only upper tables are read again.
 */
import { allocate } from "./arena";
import { EntryAccess } from "./entry-access";
import { find, forgetIndex, insert, prepareInsert } from "./frame-index";
import {
  BATCH_IN,
  BATCH_OUT,
  CLASS_HELD,
  CLASS_LAST,
  CLASS_MIDDLE,
  CLASS_TOP,
  CLASS_ZERO,
  CONTROL,
  CONTROL_CLASS_INDEX,
  CONTROL_FRAME_LIMIT,
  CONTROL_KEEP,
  CONTROL_RESERVED,
  ENTRIES,
  FACT_HELD,
  FACT_MALFORMED,
  FACT_PLAUSIBLE,
  FACT_PLAUSIBLE_LOWER,
  FACT_SELF_MAP,
  FACT_TABLES,
  FRAME_BYTES,
  KEPT_READABLE,
  KEPT_UNREADABLE,
  KEPT_WANTED,
  KIND_LEAF,
  KIND_NOT_PRESENT,
  KIND_TABLE,
  PLAUSIBLE_ALL,
  PLAUSIBLE_NONE,
  PLAUSIBLE_UNTOLD,
  READ_GFNS,
  READS,
  SIDE_AFTER,
  SPACE_DONE,
  SPACE_EXHAUSTED,
  SPACE_FRAME_COPY,
  SPACE_FRAME_HELD,
  SPACE_FRAME_PLAUSIBLE,
  SPACE_FRAME_STATE,
  SPACE_WANT_FRAMES,
  STAGING,
} from "./layout";
import { PagingMode } from "./mode";
import { beginWants, mayWant, spaceFrame, want } from "./space-frames";
import { isZero } from "./space-list";

const INDEX = CONTROL + CONTROL_CLASS_INDEX;
const BLOCK_LOG2: u32 = 12;
const USER: u32 = 8;
const LOWER_HALF: u32 = ENTRIES >> 1;

// How many of a frame's entries may be wrong: a table may be damaged, or be read while it is written.
const MOST_WRONG_OF: u32 = 8; // one of so many
const MOST_STRAY_TOP: u32 = 8; // entries that are not present and not zero
const MOST_STRAY_MIDDLE: u32 = 64;
const GIVEN_UP: u32 = 3; // wrong ones among the first, as a table
const STRAY_GIVEN_UP: u32 = 128; // where nothing else was found

const MIDDLE_LEVEL: u32 = 2;

/** Forgets all classes; the arena is being reset. */
export function forgetClasses(): void {
  forgetIndex(INDEX);
}

function classOf(gfn: u64): u32 {
  const block = find(INDEX, gfn >> BLOCK_LOG2, 0);
  return block ? load<u8>(block + (<usize>gfn & (FRAME_BYTES - 1))) : 0;
}

/** The block of a frame's class, made where it is new; 0: memory is exhausted. */
function classBlock(gfn: u64): usize {
  const there = find(INDEX, gfn >> BLOCK_LOG2, 0);
  if (there) return there;
  if (!prepareInsert(INDEX)) return 0;
  const block = allocate(BLOCK_LOG2);
  if (!block) return 0;
  memory.fill(block, 0, FRAME_BYTES);
  insert(INDEX, gfn >> BLOCK_LOG2, 0, block);
  return block;
}

/**
 * Classes the first `count` frames of the staging area. Writes the places of those that could be top-level tables to BATCH_IN
 * (u32 each) and answers their number; all ones: memory is exhausted.
 */
export function scanFrames<M extends PagingMode>(count: u32): u32 {
  let found: u32 = 0;
  for (let place: u32 = 0; place < count; place++) {
    if (load<u32>(READS + ((<usize>place) << 3), 4) != 1) continue;
    const gfn = <u64>load<f64>(READ_GFNS + ((<usize>place) << 3));
    const block = classBlock(gfn);
    if (!block) return 0xffff_ffff;
    const kind = classify<M>(STAGING + <usize>place * FRAME_BYTES);
    store<u8>(block + (<usize>gfn & (FRAME_BYTES - 1)), <u8>(kind | CLASS_HELD));
    if (!(kind & CLASS_TOP)) continue;
    store<u32>(BATCH_IN + ((<usize>found) << 2), place);
    found++;
  }
  return found;
}

function classify<M extends PagingMode>(frame: usize): u32 {
  const mode = changetype<M>(0);
  const levels = mode.levels();
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  const limit = <u64>load<f64>(CONTROL, CONTROL_FRAME_LIMIT);
  let stray: u32 = 0;
  let top: u32 = 0;
  let topWrong: u32 = 0;
  let middle: u32 = 0;
  let middleWrong: u32 = 0;
  let last: u32 = 0;
  let lastWrong: u32 = 0;
  for (let at: usize = 0; at < FRAME_BYTES; at += 64) {
    if (isZero(frame + at)) continue;
    for (let entryPtr = frame + at; entryPtr < frame + at + 64; entryPtr += 8) {
      const entry = load<u64>(entryPtr) & keep;
      if (!entry) continue;
      const topKind = mode.kindOf(entry, levels, reserved);
      if (topKind == KIND_NOT_PRESENT) {
        stray++;
        continue;
      }
      const gfn = mode.tableFrame(entry);
      const exists = gfn - 1 < limit - 1; // frame 0 holds no table
      if (topKind == KIND_TABLE && exists) top++;
      else topWrong++;
      if (exists) last++;
      else lastWrong++;
      const middleKind = mode.kindOf(entry, MIDDLE_LEVEL, reserved);
      if (exists && (middleKind == KIND_TABLE || middleKind == KIND_LEAF)) middle++;
      else middleWrong++;
    }
    if (topWrong * MOST_WRONG_OF > top + GIVEN_UP * MOST_WRONG_OF && middleWrong * MOST_WRONG_OF > middle + GIVEN_UP * MOST_WRONG_OF) {
      if (lastWrong > last + GIVEN_UP) return 0;
    }
    if (stray > STRAY_GIVEN_UP && !last) return 0;
  }
  if (!(stray | last | lastWrong)) return CLASS_ZERO;
  let kind: u32 = 0;
  if (top && topWrong * MOST_WRONG_OF <= top && stray <= MOST_STRAY_TOP) kind |= CLASS_TOP;
  if (middle && middleWrong * MOST_WRONG_OF <= middle && stray <= MOST_STRAY_MIDDLE) kind |= CLASS_MIDDLE;
  if (last && lastWrong * MOST_WRONG_OF <= last) kind |= CLASS_LAST;
  return kind;
}

/**
 * Judges a candidate and writes what is known of it from BATCH_OUT on, where its slots lead to from BATCH_IN on. SPACE_WANT_FRAMES:
 * tables are to be read first.
 */
export function judgeRoot<M extends PagingMode, A extends EntryAccess>(gfn: u64): u32 {
  const mode = changetype<M>(0);
  const levels = mode.levels();
  beginWants();
  const frame = spaceFrame(gfn, SIDE_AFTER);
  if (!frame) return SPACE_EXHAUSTED;
  if (load<u32>(frame, SPACE_FRAME_STATE) == KEPT_WANTED) {
    want(frame, gfn, SIDE_AFTER);
    return SPACE_WANT_FRAMES;
  }
  memory.fill(BATCH_OUT, 0, FACT_HELD + 4);
  if (load<u32>(frame, SPACE_FRAME_STATE) == KEPT_UNREADABLE) {
    store<u32>(BATCH_OUT, PLAUSIBLE_NONE, FACT_PLAUSIBLE);
    store<u32>(BATCH_OUT, PLAUSIBLE_NONE, FACT_HELD);
    store<u32>(BATCH_OUT, PLAUSIBLE_UNTOLD, FACT_PLAUSIBLE_LOWER);
    store<u32>(BATCH_OUT, ENTRIES, FACT_SELF_MAP);
    memory.fill(BATCH_IN, 0, FRAME_BYTES);
    return SPACE_DONE;
  }
  const whole = plausibility<M>(frame, levels, PLAUSIBLE_UNTOLD);
  if (whole == WANTING) return SPACE_WANT_FRAMES;
  store<u32>(BATCH_OUT, plausibility<M>(frame, levels, PLAUSIBLE_NONE), FACT_HELD);
  const copy: usize = load<u32>(frame, SPACE_FRAME_COPY);
  store<u32>(BATCH_OUT, whole, FACT_PLAUSIBLE);
  store<u32>(BATCH_OUT, judgeEntries<M, A>(copy, levels, LOWER_HALF, USER), FACT_PLAUSIBLE_LOWER);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  let tables: u32 = 0;
  let malformed: u32 = 0;
  let selfMap: u32 = ENTRIES;
  for (let place: u32 = 0; place < ENTRIES; place++) {
    const entry = load<u64>(copy + ((<usize>place) << 3)) & keep;
    const kind = mode.kindOf(entry, levels, reserved);
    let target: f64 = 0;
    if (kind == KIND_TABLE) {
      const below = mode.tableFrame(entry);
      if (below == gfn && selfMap == ENTRIES) selfMap = place;
      target = changetype<A>(0).accessOf(entry, levels) & USER ? <f64>below : -(<f64>below);
      tables++;
    } else if (kind != KIND_NOT_PRESENT) malformed++;
    store<f64>(BATCH_IN + ((<usize>place) << 3), target);
  }
  store<u32>(BATCH_OUT, tables, FACT_TABLES);
  store<u32>(BATCH_OUT, malformed, FACT_MALFORMED);
  store<u32>(BATCH_OUT, selfMap, FACT_SELF_MAP);
  return SPACE_DONE;
}

const WANTING: u32 = 0xffff_ffff;

/**
 * How good a table of `level` a frame makes, PLAUSIBLE_…; WANTING: tables below it are to be read first. `absent` is what a table
 * counts that is not in the dump: PLAUSIBLE_UNTOLD or PLAUSIBLE_NONE.
 */
function plausibility<M extends PagingMode>(frame: usize, level: u32, absent: u32): u32 {
  const at = frame + ((<usize>(level - 1)) << 1) + (absent == PLAUSIBLE_UNTOLD ? SPACE_FRAME_PLAUSIBLE : SPACE_FRAME_HELD);
  const known = load<u16>(at);
  if (known) return known;
  const copy: usize = load<u32>(frame, SPACE_FRAME_COPY);
  const judged = judgeTable<M>(copy, level, absent);
  if (judged != WANTING) store<u16>(at, <u16>judged);
  return judged;
}

function judgeTable<M extends PagingMode>(copy: usize, level: u32, absent: u32): u32 {
  let sum: u32 = 0;
  let count: u32 = 0;
  let wanting = false;
  for (let place: u32 = 0; place < ENTRIES; place++) {
    const judged = judgeEntry<M>(load<u64>(copy + ((<usize>place) << 3)), level, absent);
    if (judged == WANTING) wanting = true;
    else if (judged > PLAUSIBLE_UNTOLD) {
      sum += judged - PLAUSIBLE_NONE;
      count++;
    }
  }
  return wanting ? WANTING : mean(sum, count);
}

/** As judgeTable, of the first `count` entries that grant `access`; all below has been read. */
function judgeEntries<M extends PagingMode, A extends EntryAccess>(copy: usize, level: u32, entries: u32, access: u32): u32 {
  let sum: u32 = 0;
  let count: u32 = 0;
  for (let place: u32 = 0; place < entries; place++) {
    const entry = load<u64>(copy + ((<usize>place) << 3));
    if (!(changetype<A>(0).accessOf(entry & load<u64>(CONTROL, CONTROL_KEEP), level) & access)) continue;
    const judged = judgeEntry<M>(entry, level, PLAUSIBLE_UNTOLD);
    if (judged == WANTING || judged <= PLAUSIBLE_UNTOLD) continue;
    sum += judged - PLAUSIBLE_NONE;
    count++;
  }
  return mean(sum, count);
}

function mean(sum: u32, count: u32): u32 {
  return count ? PLAUSIBLE_NONE + sum / count : PLAUSIBLE_UNTOLD;
}

/** How plausible one entry is by where it leads. What is not present or leads to an empty table tells nothing. */
function judgeEntry<M extends PagingMode>(value: u64, level: u32, absent: u32): u32 {
  const mode = changetype<M>(0);
  const entry = value & load<u64>(CONTROL, CONTROL_KEEP);
  const kind = mode.kindOf(entry, level, load<u64>(CONTROL, CONTROL_RESERVED));
  if (kind == KIND_NOT_PRESENT) return PLAUSIBLE_UNTOLD;
  if (kind == KIND_LEAF) return PLAUSIBLE_ALL;
  if (kind != KIND_TABLE) return PLAUSIBLE_NONE;
  const gfn = mode.tableFrame(entry);
  const known = classOf(gfn);
  if (!known) return absent;
  if (known & CLASS_ZERO) return PLAUSIBLE_UNTOLD;
  if (level == MIDDLE_LEVEL) return known & CLASS_LAST ? PLAUSIBLE_ALL : PLAUSIBLE_NONE;
  if (!(known & CLASS_MIDDLE)) return PLAUSIBLE_NONE;
  const frame = spaceFrame(gfn, SIDE_AFTER);
  if (!frame) return PLAUSIBLE_UNTOLD;
  const state = load<u32>(frame, SPACE_FRAME_STATE);
  if (state == KEPT_READABLE) return plausibility<M>(frame, level - 1, absent);
  if (state == KEPT_UNREADABLE || !mayWant(SIDE_AFTER)) return state == KEPT_WANTED ? WANTING : PLAUSIBLE_UNTOLD;
  want(frame, gfn, SIDE_AFTER);
  return WANTING;
}
