// Coding problems: a signature with a description, and tests that a right program passes.
import { z } from "zod";
import { systemReason, UserError } from "../errors.ts";
import { parseJsonLines } from "../run/mod.ts";
import type { Encoded } from "../sandbox/mod.ts";
import type { ProblemSchema } from "./inferred-types.ts";

const encoded = z.json() as z.ZodType<Encoded>;

const problemSchema: ProblemSchema = z.strictObject({
  /** Stable name. */
  id: z.string().min(1),
  level: z.enum(["easy", "medium", "hard"]),
  /** The function that the tests call. */
  entryPoint: z.string().regex(/^[A-Za-z_]\w*$/, "must be a plain name"),
  /** TypeScript that a program continues: a doc comment and the head of the function, up to the opening brace. */
  prompt: z.string().regex(/\{\s*$/, 'must end with "{"'),
  /** The largest difference of numbers from the expected ones, in proportion to those above 1. Exact without it. */
  tolerance: z.number().positive().optional(),
  /** Arguments and what a right program returns for them, in the form of `Encoded`. */
  tests: z.array(z.strictObject({ inputs: z.array(encoded), expected: encoded })).min(1),
  /** A continuation of the prompt that passes all tests. */
  solution: z.string().optional(),
  /** Continuations of the prompt that fail a test. */
  wrong: z.array(z.string()).optional(),
}).refine(({ prompt, entryPoint }) => definesFunction(prompt, entryPoint), {
  error: "must define the function that entryPoint names",
  path: ["prompt"],
});

/** A coding problem. Its `prompt` and a completion of it make a program. */
export type Problem = z.infer<typeof problemSchema>;

/** Whether `source` has a definition of this name. */
export function definesFunction(source: string, name: string): boolean {
  return new RegExp(`\\b(function\\s*\\*?|const|let|var)\\s+${name}\\b`).test(source);
}

/** Stitchbook's own problems, easy ones first. */
export async function builtinProblems(): Promise<Problem[]> {
  const file = new URL("./problems.jsonl", import.meta.url);
  return parseProblems(await (await fetch(file)).text(), "problems.jsonl");
}

/**
 * Reads problems from a file of JSON lines.
 *
 * @throws UserError `code.file`, `code.problem`
 */
export async function readProblems(path: string): Promise<Problem[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("code.file", `Cannot read ${path}: ${reason}`, "give a file of coding problems as JSON lines");
  }
  return parseProblems(text, path);
}

/**
 * The problems in JSON lines; blank lines are skipped.
 *
 * @param path for messages
 * @throws UserError `code.problem` with the line of what is wrong
 */
export function parseProblems(text: string, path: string): Problem[] {
  const problems = parseJsonLines(text, problemSchema, {
    path,
    code: "code.problem",
    hint: "docs/evaluation.md describes the fields",
  });
  if (problems.length === 0) throw new UserError("code.problem", `${path} has no problems: expected JSON lines`);
  return problems;
}
