// A problem with an exact answer, and files of them.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { parseJsonLines } from "../run/mod.ts";
import { exactNumber } from "./exact.ts";
import type { MathProblemSchema } from "./inferred-types.ts";

export const mathProblemSchema: MathProblemSchema = z.strictObject({
  /** Stable name, unique in its file. */
  id: z.string().min(1),
  level: z.string().min(1).default("all"),
  question: z.string().trim().min(1),
  /** The one number that is right, in lowest terms. */
  answer: z.union([z.string(), z.number()]).transform((answer, context) => {
    const exact = exactNumber(String(answer));
    if (exact !== undefined) return exact;
    context.addIssue({ code: "custom", message: `${JSON.stringify(answer)} is not a number or a fraction` });
    return z.NEVER;
  }),
});

/** A problem with the number that solves it. */
export type MathProblem = z.output<typeof mathProblemSchema>;

/**
 * The problems in JSON lines.
 *
 * @param path for messages
 * @throws UserError `refine.problem` with the line of what is wrong
 */
export function parseProblems(text: string, path: string): MathProblem[] {
  const hint = 'a line looks like {"id": "sum-1", "level": "easy", "question": "What is 3 plus 4?", "answer": 7}';
  const problems = parseJsonLines(text, mathProblemSchema, { path, code: "refine.problem", hint });
  if (problems.length === 0) {
    throw new UserError("refine.problem", `${path} has no problems: expected JSON lines`, hint);
  }
  return problems;
}
