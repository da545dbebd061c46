/** The whole page takes files that are dropped on it. */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { loadFiles } from "../state/loading.js";

const isOver = signal(false);

export function DropTarget({ children }: { readonly children: ComponentChildren }) {
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  return (
    <div
      class={`shell${isOver.value ? " is-over" : ""}`}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={(event) => {
        if (event.relatedTarget === null) isOver.value = false;
      }}
      onDrop={(event) => {
        isOver.value = false;
        if (!hasFiles(event)) return;
        event.preventDefault();
        void loadFiles([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      {children}
    </div>
  );
}
