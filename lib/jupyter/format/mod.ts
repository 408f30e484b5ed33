// Notebook files.
export { checkLanguage } from "./language.ts";
export * from "./notebook.ts";
export { cellId, isCellId, parseNotebook } from "./read.ts";
