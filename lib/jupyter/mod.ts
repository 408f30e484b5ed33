// Notebooks as files: their format, their parameters, and their execution in Deno's kernel.
export { type CellAt, type CellFailure, executeNotebook } from "./execute.ts";
export {
  cellId,
  checkLanguage,
  codeCell,
  DENO_METADATA,
  markdownCell,
  type Notebook,
  notebookText,
  parseNotebook,
} from "./format/mod.ts";
export type { Parameter } from "./declared.ts";
export { startKernel } from "./kernel/mod.ts";
export { declarationOf, injectParameters, notebookParameters, readParameters } from "./parameters.ts";
export { notebookToScript, scriptToNotebook } from "./script/mod.ts";
