/**
 * How good a top-level table a frame makes: it is judged by where it leads.
 *
 * A PT looks like a top-level table, but the pages it maps do not look like tables. The byte that every frame has got
 * (classes.ts) answers that for most, who are sifted out before any table below is read; only upper tables of the rest
 * are.
 */
import {
  ACCESS_USER,
  BATCH_IN,
  BATCH_OUT,
  CONTROL,
  CONTROL_KEEP,
  CONTROL_RESERVED,
  ENTRIES,
  FRAME_BYTES,
  KEPT_READABLE,
  KEPT_UNREADABLE,
  KEPT_WANTED,
  KIND_LEAF,
  KIND_NOT_PRESENT,
  KIND_TABLE,
  STAGING,
} from "../layout";
import { wasRead } from "../memory/read-list";
import { PagingMode } from "../mode";
import {
  CLASS_LAST,
  CLASS_MIDDLE,
  CLASS_ZERO,
  FACT_HELD,
  FACT_MALFORMED,
  FACT_PLAUSIBLE,
  FACT_PLAUSIBLE_LOWER,
  FACT_SELF_MAP,
  FACT_TABLES,
  PLAUSIBLE_ALL,
  PLAUSIBLE_NONE,
  PLAUSIBLE_UNTOLD,
  SIDE_AFTER,
  SPACE_DONE,
  SPACE_EXHAUSTED,
  SPACE_FRAME_COPY,
  SPACE_FRAME_HELD,
  SPACE_FRAME_PLAUSIBLE,
  SPACE_FRAME_STATE,
  SPACE_WANT_FRAMES,
} from "../space-layout";
import { areAround, classesAround, classIn, MIDDLE_LEVEL } from "./classes";
import { beginWants, mayWant, spaceFrame, want, wantedOn } from "./frames";

const LOWER_HALF: u32 = ENTRIES >> 1;

/**
 * Writes the places of those of the staged frames to BATCH_IN (u32 each) that lead to as many upper tables as to other
 * things, at least; answers their number. All others would be judged less than half plausible.
 */
export function siftFrames<M extends PagingMode>(count: u32): u32 {
  let found: u32 = 0;
  for (let place: u32 = 0; place < count; place++) {
    if (!wasRead(place)) continue;
    if (!leadsToTables<M>(STAGING + <usize>place * FRAME_BYTES)) continue;
    store<u32>(BATCH_IN + ((<usize>found) << 2), place);
    found++;
  }
  return found;
}

function leadsToTables<M extends PagingMode>(frame: usize): bool {
  const mode = changetype<M>(0);
  const levels = mode.levels();
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  let tables: u32 = 0;
  let others: u32 = 0;
  let last: u64 = 0;
  let classes = classesAround(last);
  for (let place: u32 = 0; place < ENTRIES && others <= tables + (ENTRIES - place); place++) {
    const entry = load<u64>(frame + ((<usize>place) << 3)) & keep;
    if (!entry) continue;
    const kind = mode.kindOf(entry, levels, reserved);
    if (kind == KIND_NOT_PRESENT) continue;
    if (kind != KIND_TABLE) {
      others++;
      continue;
    }
    const gfn = mode.tableFrame(entry);
    if (!areAround(gfn, last)) classes = classesAround(gfn);
    last = gfn;
    const known = classIn(classes, gfn);
    if (known & CLASS_MIDDLE) tables++;
    else if (known && !(known & CLASS_ZERO)) others++;
  }
  return tables > 0 && tables >= others;
}

/**
 * Judges a candidate and writes what is known of it from BATCH_OUT on, where its slots lead to from BATCH_IN on.
 * SPACE_WANT_FRAMES: tables are to be read first.
 */
export function judgeRoot<M extends PagingMode>(rootGfn: f64): u32 {
  const gfn = <u64>rootGfn;
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
  const judged = plausibility<M>(frame, levels);
  if (judged == WANTING) return wantedOn(SIDE_AFTER) ? SPACE_WANT_FRAMES : SPACE_EXHAUSTED;
  const copy: usize = load<u32>(frame, SPACE_FRAME_COPY);
  store<u32>(BATCH_OUT, ofTold(judged), FACT_PLAUSIBLE);
  store<u32>(BATCH_OUT, ofHeld(judged), FACT_HELD);
  store<u32>(BATCH_OUT, judgeEntries<M>(copy, levels, LOWER_HALF, ACCESS_USER), FACT_PLAUSIBLE_LOWER);
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
      target = changetype<M>(0).accessOf(entry, levels) & ACCESS_USER ? <f64>below : -(<f64>below);
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
const HELD_SHIFT: u32 = 16;
const TOLD_MASK: u32 = 0xffff;

/**
 * Two judgements in one, PLAUSIBLE_… each: in the low half what is not in the dump says nothing, in the high half it
 * speaks against.
 */
function both(told: u32, held: u32): u32 {
  return told | (held << HELD_SHIFT);
}

function ofTold(judged: u32): u32 {
  return judged & TOLD_MASK;
}

function ofHeld(judged: u32): u32 {
  return judged >>> HELD_SHIFT;
}

/** How good a table of `level` a frame makes, both ways; WANTING: tables below it are to be read first. */
function plausibility<M extends PagingMode>(frame: usize, level: u32): u32 {
  const at = frame + ((<usize>(level - 1)) << 1);
  const known: u32 = load<u16>(at, SPACE_FRAME_PLAUSIBLE);
  if (known) return both(known, load<u16>(at, SPACE_FRAME_HELD));
  const judged = judgeTable<M>(load<u32>(frame, SPACE_FRAME_COPY), level);
  if (judged == WANTING) return WANTING;
  store<u16>(at, <u16>ofTold(judged), SPACE_FRAME_PLAUSIBLE);
  store<u16>(at, <u16>ofHeld(judged), SPACE_FRAME_HELD);
  return judged;
}

function judgeTable<M extends PagingMode>(copy: usize, level: u32): u32 {
  if (level == MIDDLE_LEVEL) return judgeMiddle<M>(copy);
  let sum: u32 = 0;
  let count: u32 = 0;
  let sumHeld: u32 = 0;
  let countHeld: u32 = 0;
  let wanting = false;
  let last: u64 = 0;
  let classes = classesAround(last);
  for (let place: u32 = 0; place < ENTRIES; place++) {
    const entry = load<u64>(copy + ((<usize>place) << 3)) & load<u64>(CONTROL, CONTROL_KEEP);
    if (!entry) continue;
    const gfn = changetype<M>(0).tableFrame(entry);
    if (!areAround(gfn, last)) classes = classesAround(gfn);
    last = gfn;
    const judged = judgeEntry<M>(entry, level, classes);
    if (judged == WANTING) {
      wanting = true;
      continue;
    }
    if (ofTold(judged) > PLAUSIBLE_UNTOLD) {
      sum += ofTold(judged) - PLAUSIBLE_NONE;
      count++;
    }
    if (ofHeld(judged) > PLAUSIBLE_UNTOLD) {
      sumHeld += ofHeld(judged) - PLAUSIBLE_NONE;
      countHeld++;
    }
  }
  return wanting ? WANTING : both(mean(sum, count), mean(sumHeld, countHeld));
}

/** As judgeTable, of a table that leads to those of the last level: their classes say all. */
function judgeMiddle<M extends PagingMode>(copy: usize): u32 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  let good: u32 = 0;
  let count: u32 = 0;
  let absent: u32 = 0;
  let last: u64 = 0;
  let classes = classesAround(last);
  for (let entryPtr = copy; entryPtr < copy + FRAME_BYTES; entryPtr += 8) {
    const entry = load<u64>(entryPtr) & keep;
    if (!entry) continue;
    const kind = mode.kindOf(entry, MIDDLE_LEVEL, reserved);
    if (kind == KIND_NOT_PRESENT) continue;
    if (kind != KIND_TABLE) {
      good += u32(kind == KIND_LEAF);
      count++;
      continue;
    }
    const gfn = mode.tableFrame(entry);
    if (!areAround(gfn, last)) classes = classesAround(gfn);
    last = gfn;
    const known = classIn(classes, gfn);
    if (known & CLASS_ZERO) continue;
    if (!known) {
      absent++;
      continue;
    }
    good += u32((known & CLASS_LAST) != 0);
    count++;
  }
  const sum = good * (PLAUSIBLE_ALL - PLAUSIBLE_NONE);
  return both(mean(sum, count), mean(sum, count + absent));
}

/** As judgeTable, of the first `count` entries that grant `access`; all below has been read. */
function judgeEntries<M extends PagingMode>(copy: usize, level: u32, entries: u32, access: u32): u32 {
  let sum: u32 = 0;
  let count: u32 = 0;
  for (let place: u32 = 0; place < entries; place++) {
    const entry = load<u64>(copy + ((<usize>place) << 3)) & load<u64>(CONTROL, CONTROL_KEEP);
    if (!(changetype<M>(0).accessOf(entry, level) & access)) continue;
    const judged = judgeEntry<M>(entry, level, classesAround(changetype<M>(0).tableFrame(entry)));
    if (judged == WANTING || ofTold(judged) <= PLAUSIBLE_UNTOLD) continue;
    sum += ofTold(judged) - PLAUSIBLE_NONE;
    count++;
  }
  return mean(sum, count);
}

function mean(sum: u32, count: u32): u32 {
  return count ? PLAUSIBLE_NONE + sum / count : PLAUSIBLE_UNTOLD;
}

/**
 * How plausible one entry of a table above those is by where it leads, both ways. What is not present or leads to an
 * empty table tells nothing. `classes` are those around the frame that it names.
 */
function judgeEntry<M extends PagingMode>(entry: u64, level: u32, classes: usize): u32 {
  const mode = changetype<M>(0);
  const kind = mode.kindOf(entry, level, load<u64>(CONTROL, CONTROL_RESERVED));
  if (kind == KIND_NOT_PRESENT) return both(PLAUSIBLE_UNTOLD, PLAUSIBLE_UNTOLD);
  if (kind == KIND_LEAF) return both(PLAUSIBLE_ALL, PLAUSIBLE_ALL);
  if (kind != KIND_TABLE) return both(PLAUSIBLE_NONE, PLAUSIBLE_NONE);
  const gfn = mode.tableFrame(entry);
  const known = classIn(classes, gfn);
  if (!known) return both(PLAUSIBLE_UNTOLD, PLAUSIBLE_NONE);
  if (known & CLASS_ZERO) return both(PLAUSIBLE_UNTOLD, PLAUSIBLE_UNTOLD);
  if (!(known & CLASS_MIDDLE)) return both(PLAUSIBLE_NONE, PLAUSIBLE_NONE);
  const frame = spaceFrame(gfn, SIDE_AFTER);
  if (!frame) return WANTING; // there is no memory: where nothing is listed, that is said
  const state = load<u32>(frame, SPACE_FRAME_STATE);
  if (state == KEPT_READABLE) return plausibility<M>(frame, level - 1);
  if (state == KEPT_UNREADABLE || !mayWant(SIDE_AFTER)) return state == KEPT_WANTED ? WANTING : both(PLAUSIBLE_UNTOLD, PLAUSIBLE_UNTOLD);
  want(frame, gfn, SIDE_AFTER);
  return WANTING;
}
