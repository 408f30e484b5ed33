// What this machine has: adapters, libraries, Python, Jupyter, Chromium.
export { diagnose, formatFindings } from "./diagnose.ts";
