/**
 * Which paging mode this instance is for, as `initialize` was told: the exports choose the kernels' use of it by this.
 */
import { CONTROL, CONTROL_MODE, MODE_AMD64 } from "./layout";
import { Amd64, Amd64La57 } from "./modes/amd64";

export function is4Level(): bool {
  return load<u32>(CONTROL, CONTROL_MODE) == MODE_AMD64;
}

/** Level of the mode's top-level tables. */
export function chosenLevels(): u32 {
  return is4Level() ? changetype<Amd64>(0).levels() : changetype<Amd64La57>(0).levels();
}
