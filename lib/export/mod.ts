// Models of runs as files that other programs load.
export { EXPORT_DTYPES, type ExportDtype, type Format, FORMATS } from "./exporter.ts";
export { exportModel, type ExportReport, type ModelExport } from "./export-model.ts";
export { type StitchedToWrite, writeStitched } from "./stitched/write.ts";
export { type MixtureToWrite, writeMixture } from "./mixture/write.ts";
