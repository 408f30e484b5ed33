// Notebooks: start a run in its own process, watch it in one live card, use its results and models, find it again; and
// objects that show themselves.
export { type Comparison } from "./compare.ts";
export { DISPLAY, type Displayable, displaying, type MediaBundle, type Shown } from "./display.ts";
export { type RunHandle } from "./handle.ts";
export { lab } from "./lab.ts";
export { type ReadingCell, readingCells } from "./reading.ts";
export { type CurveOptions, type FigureName } from "./show/figure.ts";
export { type TextGates } from "./show/gates.ts";
export { type LiveCurves } from "./show/live-curves.ts";
export { plot, type PlotImage } from "./show/plot.ts";
export { type Rows } from "./show/table.ts";
export { showTensors } from "./show/tensor.ts";
export { attach, type StartOptions, startRun } from "./start.ts";
export { type WatchOptions } from "./watch.ts";
