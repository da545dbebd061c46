/**
 * The page: forensic replay of memory dumps in a browser.
 */

import { render } from "preact";
import { startKeys } from "./keys.js";
import { EXPORT_SCRIPT } from "./session/export.js";
import { scriptText } from "./session/own-worker.js";
import { startAddressBar } from "./state/address-bar.js";
import { startAnswering } from "./state/answer.js";
import { engine } from "./state/engine.js";
import { startInspecting } from "./state/inspection.js";
import { startTheme } from "./state/theme.js";
import { App } from "./views/app.js";

startTheme();
startAddressBar();
startAnswering();
startInspecting();
startKeys();
// The worker is ready by the time that a dump is chosen, and the export's script is here should the server be gone when it is wanted.
void engine().then(() => scriptText(EXPORT_SCRIPT));

const place = document.getElementById("page");
if (place !== null) render(<App />, place);
