/** The page as a whole: the start, or the instrument. */

import { answer } from "../state/answer.js";
import { dumps } from "../state/dumps.js";
import { setupShown } from "../state/panels.js";
import { inspected } from "../state/view.js";
import { DropTarget } from "./drop-target.js";
import { EventList } from "./event-list.js";
import { FilterBar } from "./filter-bar.js";
import { Header } from "./header.js";
import { Help } from "./help.js";
import { Inspector } from "./inspector.js";
import { MapView } from "./map-view.js";
import { SetupPanel } from "./setup-panel.js";
import { Start } from "./start.js";
import { TaskBar } from "./task-bar.js";
import { TimelineView } from "./timeline-view.js";
import { Toast } from "./toast.js";
import { useStages } from "./use-stages.js";
import { Waiting } from "./waiting.js";

export function App() {
  const isStart = dumps.value.length === 0;
  return (
    <DropTarget>
      <Header />
      {isStart ? (
        <Start />
      ) : (
        <div class="instrument">
          {setupShown() && <SetupPanel />}
          <main class="centre" aria-label="Replay">
            {answer.value === undefined ? <Waiting /> : <Replay />}
          </main>
          {inspected.value !== undefined && answer.value !== undefined && <Inspector />}
        </div>
      )}
      <TaskBar />
      <Help />
      <Toast />
    </DropTarget>
  );
}

function Replay() {
  const parts = useStages(3);
  return (
    <>
      <TimelineView />
      {parts > 1 && (
        <>
          <MapView />
          <FilterBar />
        </>
      )}
      {parts > 2 && <EventList />}
    </>
  );
}
