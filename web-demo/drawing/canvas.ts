/** A canvas in device pixels that is drawn in CSS pixels. */

/** Fits the canvas to its box, clears it, and answers where to draw; undefined where it has no room. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | undefined {
  if (width < 1 || height < 1) return undefined;
  const scale = window.devicePixelRatio || 1;
  const [deviceWidth, deviceHeight] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
  }
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** The page's own font, digits of one width. */
export function font(pixels: number, weight = 400): string {
  return `${weight} ${pixels}px ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", "Roboto Mono", "DejaVu Sans Mono", monospace`;
}
