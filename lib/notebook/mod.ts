// Notebooks: start a run in its own process, watch it in one live card, show its table and figures, find it again.
export { type FigureName, type RunHandle, type WatchOptions } from "./handle.ts";
export { attach, type StartOptions, startRun } from "./start.ts";
