/** On the left: the dumps, and what is asked of them. */

import { DumpList } from "./dump-list.js";
import { QuestionForm } from "./question-form.js";

export function SetupPanel() {
  return (
    <aside class="setup" aria-label="Dumps and question">
      <DumpList />
      <QuestionForm />
    </aside>
  );
}
