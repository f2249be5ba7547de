// Counts down on pages that have something to wait for.

import { countdownView } from "./countdown.js";

for (const part of document.querySelectorAll("[data-until]")) countdownView(part.parentElement);
