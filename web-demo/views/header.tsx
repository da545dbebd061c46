/** Name, promise, and what concerns the page as a whole. */

import { currentLink } from "../state/address-bar.js";
import { dumps } from "../state/dumps.js";
import { openHelp, setupShown, toggleSetup } from "../state/panels.js";
import { toggleTheme } from "../state/theme.js";
import { Icon } from "./icons.js";
import { copyText } from "./toast.js";

export function Header() {
  const hasDumps = dumps.value.length > 0;
  return (
    <header class="header">
      {hasDumps && (
        <button type="button" class="plain" aria-pressed={setupShown()} onClick={toggleSetup} title="Dumps and question (b)">
          <Icon name="panel" /> <span class="label">Dumps</span>
        </button>
      )}
      <h1>
        Page table monitor <span class="quiet">replay</span>
      </h1>
      <p
        class="promise"
        title="The page's policy lets it connect to nothing but the place it came from; the dumps are read here, in a worker."
      >
        <Icon name="lock" /> Nothing leaves this machine
      </p>
      <div class="spring" />
      {hasDumps && (
        <button
          type="button"
          class="plain"
          onClick={copyLink}
          title="Copy a link to this view: what is asked and shown, nothing of a dump (u)"
        >
          <Icon name="link" /> <span class="label">Link</span>
        </button>
      )}
      <button type="button" class="plain" onClick={toggleTheme} title="Dark or light (d)">
        <Icon name="theme" /> <span class="label">Theme</span>
      </button>
      <button type="button" class="plain" onClick={openHelp} title="Keys (?)">
        <kbd>?</kbd> <span class="label">Keys</span>
      </button>
    </header>
  );
}

export function copyLink(): void {
  copyText(currentLink(), "Link copied. It holds what is asked and shown, nothing of a dump.");
}
