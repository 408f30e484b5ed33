// Jinja templates from elsewhere, rendered within limits: one that would take for ever or fill the memory ends with an error.
//
// The library @huggingface/jinja evaluates them. What a template may use is the caller's: its variables are those of an
// `Environment`, and a dialect says how values are printed.
export { Environment } from "@huggingface/jinja";
export { type JinjaDialect, type JinjaNode, type JinjaValue, renderJinja } from "./render.ts";
export { JinjaLimitError } from "./meter.ts";
export { type JinjaProgram, parseJinja } from "./parse.ts";
export { PythonFloat, pythonRepr, pythonText, toPlain } from "./python-values.ts";
