// The error of code that does not parse, which Deno's kernel (2.9.6) reports only as "Execution failed".
import type { Output } from "./format/mod.ts";

/** The first syntax error of a cell, with its line; undefined when TypeScript finds none. */
export async function syntaxError(source: string): Promise<Output & { readonly output_type: "error" } | undefined> {
  const { default: ts } = await import("typescript");
  const [first] = ts.transpileModule(source, { reportDiagnostics: true }).diagnostics ?? [];
  if (first === undefined) return undefined;
  const line = source.slice(0, first.start ?? 0).split("\n").length;
  const evalue = `${ts.flattenDiagnosticMessageText(first.messageText, " ")} (line ${line})`;
  const shown = source.split("\n")[line - 1] ?? "";
  return { output_type: "error", ename: "SyntaxError", evalue, traceback: [`SyntaxError: ${evalue}`, `    ${shown}`] };
}
