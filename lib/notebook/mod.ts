// Notebooks: start a run in its own process, watch it in one live card, show its table and figures, find it again.
export { card, type CardOptions } from "./card.ts";
export { DISPLAY, type Displayable, displayable, type MediaBundle, type Show } from "./display.ts";
export {
  figureBundle,
  type FigureName,
  resultsBundle,
  type RunHandle,
  runHandle,
  type WatchOptions,
} from "./handle.ts";
export { messages, runEvents, serverOf, streamEvents } from "./stream.ts";
export { attach, startArguments, type StartOptions, startRun } from "./start.ts";
