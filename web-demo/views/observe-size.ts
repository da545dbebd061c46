/**
 * The size of an element, told a frame after it was laid out.
 *
 * The browser tells it between layout and paint: whatever is made anew there is laid out a second time in the same frame, and where the
 * machine is busy that is the frame that comes too late.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Answers how to end it. */
export function observeSize(element: Element, onSize: (size: Size) => void): () => void {
  let request = 0;
  const observer = new ResizeObserver((entries) => {
    const { width = 0, height = 0 } = entries.at(-1)?.contentRect ?? {};
    cancelAnimationFrame(request);
    request = requestAnimationFrame(() => onSize({ width, height }));
  });
  observer.observe(element);
  return () => {
    cancelAnimationFrame(request);
    observer.disconnect();
  };
}
