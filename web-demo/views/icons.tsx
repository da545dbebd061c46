/** The few icons of the page, drawn in the colour of the text beside them; a name for them stands in that text. */

const PATHS = {
  lock: "M5 7V5a3 3 0 0 1 6 0v2m-7 0h8v6H4z",
  close: "M4 4l8 8m0-8l-8 8",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  left: "M10 4L6 8l4 4",
  right: "M6 4l4 4-4 4",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M3 6V3h3m4 0h3v3m0 4v3h-3m-4 0H3v-3",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  link: "M7 9a2.5 2.5 0 0 0 3.6 0l2-2A2.5 2.5 0 0 0 9 3.4l-.8.8M9 7a2.5 2.5 0 0 0-3.600 0l-2 2A2.500 2.500 0 0 0 7 12.600l.8-.8",
  panel: "M3 3h10v10H3zM6.500 3v10",
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
  search: "M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm3 7l3.500 3.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
