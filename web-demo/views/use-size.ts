/** The size of an element in CSS pixels, as it changes; nothing, until the page has laid it out for the first time. */

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { observeSize, type Size } from "./observe-size.js";

const NOTHING: Size = { width: 0, height: 0 };

/** Never asks for a layout: the observer tells the size of the one that is made anyway. */
export function useSize(element: RefObject<Element | null>): Size {
  const size = useSignal<Size>(NOTHING);
  useEffect(() => {
    const target = element.current;
    if (target === null) return;
    return observeSize(target, ({ width, height }) => {
      if (width !== size.peek().width || height !== size.peek().height) size.value = { width, height };
    });
  }, [element, size]);
  return size.value;
}
