// From a model's answer to a program.
import { definesFunction, type Problem } from "./problem.ts";

/** A block between fences, which may be cut off, as an answer that reached its limit is. */
const FENCED = /^[ \t]*(```+|~~~+)[^\n]*\n([^]*?)(?:^[ \t]*\1|$(?![^]))/gm;

/**
 * The program in a model's answer to a problem.
 *
 * - An answer that begins with an indented line continues the prompt, up to the first line that begins with "}": models
 *   without instructions go on with further functions, tests and prose.
 * - Of blocks between fences, the first that defines the entry point is the program. Where none does, the first block
 *   continues the prompt.
 * - Without fences, an answer that defines the entry point is the program, from its first line of code to its last. Any
 *   other continues the prompt.
 *
 * @example
 * ```ts
 * import { builtinProblems, programOf } from "@stitchbook/stitchbook/code";
 * import assert from "node:assert/strict";
 *
 * const clamp = (await builtinProblems()).find(({ id }) => id === "clamp")!;
 * const program = programOf(clamp, "  return value;\n}\n\nfunction next() {");
 * assert.equal(program, `${clamp.prompt}  return value;\n}\n`);
 * ```
 */
export function programOf({ prompt, entryPoint }: Pick<Problem, "prompt" | "entryPoint">, answer: string): string {
  const text = answer.replaceAll("\r\n", "\n");
  const indented = /^\s*?[ \t]+((?!```|~~~)\S.*)/.exec(text)?.[1];
  if (indented !== undefined && !definesFunction(indented, entryPoint)) return continued(prompt, text);
  const blocks = [...text.matchAll(FENCED)].map(([, , block]) => block!);
  const whole = blocks.find((block) => definesFunction(block, entryPoint));
  if (whole !== undefined) return whole;
  if (blocks.length > 0) return continued(prompt, blocks[0]!);
  return definesFunction(text, entryPoint) ? codeLines(text) : continued(prompt, text);
}

function continued(prompt: string, text: string): string {
  const end = /^\}/m.exec(text);
  return `${prompt}${end === null ? text : text.slice(0, end.index + 1)}\n`;
}

/** Without sentences before and after the code. */
function codeLines(text: string): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) =>
    /^(?:(?:export|import|async|function|const|let|var|type|interface|class|enum)\b|\/[/*])/.test(line)
  );
  const last = lines.findLastIndex((line) => /^[}\])]|;\s*$/.test(line));
  return lines.slice(Math.max(0, first), Math.max(first, last) + 1).join("\n") + "\n";
}
