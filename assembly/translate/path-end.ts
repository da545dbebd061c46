/**
 * How a path ends at an entry: in a page, or why in none (PATH_… in layout.ts).
 */
import {
  CONTROL,
  CONTROL_RESERVED,
  FAULT_NONE,
  FAULT_NOT_PRESENT,
  FAULT_RESERVED_BIT,
  KIND_LEAF,
  KIND_MALFORMED,
  KIND_NOT_PRESENT,
  PATH,
  PATH_FAULT,
  PATH_LEVEL,
  PATH_PA,
} from "../layout";
import { PagingMode } from "../mode";

/** Writes how a path ends at an entry; false: it goes on. */
export function storeEnd<M extends PagingMode>(entry: u64, level: u32, va: u64): bool {
  const mode = changetype<M>(0);
  const kind = mode.kindOf(entry, level, load<u64>(CONTROL, CONTROL_RESERVED));
  if (kind == KIND_LEAF) {
    const within = va & (((<u64>1) << mode.shiftAt(level)) - 1);
    store<u64>(PATH, mode.leafBase(entry, level) | within, PATH_PA);
    store<u32>(PATH, level, PATH_LEVEL);
    store<u32>(PATH, FAULT_NONE, PATH_FAULT);
    return true;
  }
  if (kind == KIND_NOT_PRESENT) store<u32>(PATH, FAULT_NOT_PRESENT, PATH_FAULT);
  else if (kind == KIND_MALFORMED) store<u32>(PATH, FAULT_RESERVED_BIT, PATH_FAULT);
  return kind == KIND_NOT_PRESENT || kind == KIND_MALFORMED;
}
