/** The size of an element in CSS pixels, as it changes. */

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

export interface Size {
  readonly width: number;
  readonly height: number;
}

const NOTHING: Size = { width: 0, height: 0 };

export function useSize(element: RefObject<Element | null>): Size {
  const size = useSignal<Size>(NOTHING);
  useEffect(() => {
    const target = element.current;
    if (target === null) return;
    const measure = (): void => {
      const { width, height } = target.getBoundingClientRect();
      if (width !== size.peek().width || height !== size.peek().height) size.value = { width, height };
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, [element, size]);
  return size.value;
}
