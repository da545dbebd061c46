/** The keys, from the table that drives them. */

import { useEffect, useRef } from "preact/hooks";
import { KEY_TABLE } from "../keys.js";
import { isHelpOpen } from "../state/panels.js";
import { Icon } from "./icons.js";

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = isHelpOpen.value;
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <div class="section-head">
        <h2 id="help-title">Keys</h2>
        <div class="spring" />
        <button type="button" class="tiny" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </div>
      <div class="help-groups">
        {KEY_TABLE.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(({ shown: names, what }) => (
                <div key={what}>
                  <dt>
                    {names.map((name) => (
                      <kbd key={name}>{name}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
