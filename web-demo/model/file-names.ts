/**
 * Names of files in a link. Many names of one series are much alike: each is told by what it shares with the one before it, at its
 * beginning and at its end, so that the link to a series of hundreds can still be sent to somebody.
 *
 *   guest-001.elf.gz, guest-002.elf.gz     00guest-001.elf.gz*872
 */

const SEPARATOR = "*";
/** Lengths are one digit each. */
const RADIX = 36;
const LONGEST_SHARED = RADIX - 1;

/** Undefined where a name cannot be told so. */
export function packNames(names: readonly string[]): string | undefined {
  if (names.some((name) => name === "" || name.includes(SEPARATOR))) return undefined;
  let before = "";
  const parts = names.map((name) => {
    const start = shared(name, before, (text, i) => text[i]);
    const most = Math.min(name.length, before.length) - start;
    const end = Math.min(
      most,
      shared(name, before, (text, i) => text[text.length - 1 - i]),
    );
    before = name;
    return `${start.toString(RADIX)}${end.toString(RADIX)}${name.slice(start, name.length - end)}`;
  });
  return parts.join(SEPARATOR);
}

/** As far as it can be read. */
export function unpackNames(text: string): readonly string[] {
  const names: string[] = [];
  let before = "";
  for (const part of text.split(SEPARATOR)) {
    const [start, end] = [part[0], part[1]].map((digit) => Number.parseInt(digit ?? "", RADIX)) as [number, number];
    if (Number.isNaN(start) || Number.isNaN(end) || start + end > before.length) break;
    before = `${before.slice(0, start)}${part.slice(2)}${before.slice(before.length - end)}`;
    names.push(before);
  }
  return names;
}

function shared(one: string, other: string, at: (text: string, i: number) => string | undefined): number {
  const most = Math.min(one.length, other.length, LONGEST_SHARED);
  let length = 0;
  while (length < most && at(one, length) === at(other, length)) length++;
  return length;
}
