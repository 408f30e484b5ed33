// Notebooks as scripts.
export { notebookToScript, scriptToNotebook } from "./convert.ts";
