// Models of runs, and runs themselves, as files for other programs.
export { EXPORT_DTYPES, type ExportDtype, type Format, FORMATS } from "./exporter.ts";
export { exportModel, type ExportReport, type ModelExport } from "./export-model.ts";
export { exportJob, type JobExport, type JobReport } from "./job/export-job.ts";
export { type StitchedToWrite, writeStitched } from "./stitched/write.ts";
export { type MixtureToWrite, writeMixture } from "./mixture/write.ts";
export type { ExportedRun, RunFile } from "./run/exported-run.ts";
export { RUN_FORMATS, runFormat, type RunFormatName } from "./run/formats.ts";
