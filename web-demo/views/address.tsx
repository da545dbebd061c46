/** An address, its digits in groups of four that are only seen: what is copied has none. */

import { hex } from "../model/format.js";

export function Address({ value }: { readonly value: bigint }) {
  const digits = hex(value).slice(2);
  const head = digits.length % 4;
  const groups = [digits.slice(0, head), ...(digits.slice(head).match(/.{4}/g) ?? [])].filter((group) => group !== "");
  return (
    <span class="address">
      0x
      {groups.map((group, i) => (
        <span key={i} class="digits">
          {group}
        </span>
      ))}
    </span>
  );
}
