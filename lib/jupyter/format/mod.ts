// Notebook files.
export { checkLanguage } from "./language.ts";
export * from "./notebook.ts";
export { cellId, parseNotebook } from "./read.ts";
