// What this machine has: adapters, libraries, Python, Jupyter, Chromium.
export { chromiumPath } from "./chromium.ts";
export { diagnose, formatFindings } from "./diagnose.ts";
export { installKernel } from "./jupyter.ts";
export { pythonCommand } from "./python.ts";
