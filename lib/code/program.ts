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
export function programOf({ prompt, entryPoint }: ProblemStart, answer: string): string {
  const text = answer.replaceAll("\r\n", "\n");
  if (goesOn(entryPoint, text)) return continued(prompt, text);
  const blocks = fencedBlocks(text);
  const whole = blocks.find(({ code }) => definesFunction(code, entryPoint));
  if (whole !== undefined) return whole.code;
  if (blocks.length > 0) return continued(prompt, blocks[0]!.code);
  return definesFunction(text, entryPoint) ? codeLines(text) : continued(prompt, text);
}

/** Whether the program in an answer is the same, however the answer goes on. */
export function isDecided({ entryPoint }: ProblemStart, answer: string): boolean {
  const text = answer.replaceAll("\r\n", "\n");
  if (goesOn(entryPoint, text)) return FUNCTION_END.test(text);
  return fencedBlocks(text).some(({ code, closed }) => closed && definesFunction(code, entryPoint));
}

type ProblemStart = Pick<Problem, "prompt" | "entryPoint">;

const FUNCTION_END = /^\}/m;

/** Whether an answer begins within the function: with an indented line that is not the function's own first. */
function goesOn(entryPoint: string, text: string): boolean {
  const indented = /^\s*?[ \t]+((?!```|~~~)\S.*)/.exec(text)?.[1];
  return indented !== undefined && !definesFunction(indented, entryPoint);
}

function fencedBlocks(text: string): { readonly code: string; readonly closed: boolean }[] {
  return [...text.matchAll(FENCED)].map(([all, fence, code]) => ({
    code: code!,
    closed: all.trimEnd().endsWith(fence!),
  }));
}

function continued(prompt: string, text: string): string {
  const end = FUNCTION_END.exec(text);
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
