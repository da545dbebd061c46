/** Dumps in the order of their names, as a person counts: `step-2` before `step-10`. */

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

export function compareNames(a: string, b: string): number {
  return COLLATOR.compare(a, b);
}
