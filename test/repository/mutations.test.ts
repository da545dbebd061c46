/** The mistakes that are made on purpose still fit the code: one that no longer does would be taken for caught by nobody. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { mutations } from "../../tools/mutants/mutations.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test.each(mutations)("$name: its text stands once in $file", ({ file, find, replace }) => {
  expect(readFileSync(join(ROOT, file), "utf8").split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});
