/** On the left: the dumps, and what is asked of them. */

import { DumpList } from "./dump-list.js";
import { QuestionForm } from "./question-form.js";
import { useStages } from "./use-stages.js";

export function SetupPanel() {
  const parts = useStages(2);
  return (
    <aside class="setup" aria-label="Dumps and question">
      <DumpList />
      {parts > 1 && <QuestionForm />}
    </aside>
  );
}
