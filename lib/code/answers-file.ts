// The file of a model's answers and their verdicts: a line each, kept as it is made, so that a stopped evaluation goes on.
import { dirname } from "node:path";
import { z } from "zod";
import { absent, attempt, systemReason, UserError } from "../errors.ts";
import { writeTextAtomically } from "../run/mod.ts";

const answerSchema = z.strictObject({
  /** The problem's id, and a hash of its prompt and tests. */
  problem: z.string(),
  version: z.string(),
  level: z.string(),
  /** Number of the answer to this problem, from 0. */
  sample: z.int().nonnegative(),
  /** What the model read. */
  prompt: z.string(),
  /** What it wrote, and in how many tokens. */
  answer: z.string(),
  tokens: z.int().nonnegative(),
  /** Why it ended: by itself or as no more was needed, or at the limit of tokens. */
  finish: z.enum(["stop", "length"]),
  program: z.string(),
  outcome: z.enum(["passed", "wrong", "syntax", "entry-point", "threw", "time", "memory", "output", "exited"]),
  passedTests: z.int().nonnegative(),
  tests: z.int().positive(),
  detail: z.string(),
});

/** A model's answer to a problem, and what became of it. */
export type CodeAnswer = z.infer<typeof answerSchema>;

/** What tells an answer from others. */
export type AnswerKey = Pick<CodeAnswer, "problem" | "version" | "sample">;

/** An open file of answers. */
export interface AnswersFile extends Disposable {
  kept(key: AnswerKey): CodeAnswer | undefined;
  add(answer: CodeAnswer): void;
}

const keyOf = ({ problem, version, sample }: AnswerKey) => JSON.stringify([problem, version, sample]);

/**
 * Opens the file at `path` with the answers that it has. A line that was cut off is left out.
 *
 * @param conditions what answers depend on besides the problem: the model, how it is asked, how it samples
 * @throws UserError `code.conditions` when the file's answers were made under others, `code.out` when it cannot be
 * written
 */
export async function openAnswers(path: string, conditions: Readonly<Record<string, unknown>>): Promise<AnswersFile> {
  try {
    const [first = "", ...lines] = (await Deno.readTextFile(path).catch(absent) ?? "").split("\n");
    if (first !== "") checkConditions(path, attempt(() => JSON.parse(first)), conditions);
    const kept = new Map<string, CodeAnswer>();
    for (const line of lines) {
      const answer = attempt(() => answerSchema.parse(JSON.parse(line)));
      if (answer !== undefined) kept.set(keyOf(answer), answer);
    }
    await Deno.mkdir(dirname(path), { recursive: true });
    await writeTextAtomically(
      path,
      [{ conditions }, ...kept.values()].map((one) => `${JSON.stringify(one)}\n`).join(""),
    );
    const file = Deno.openSync(path, { append: true });
    return {
      kept: (key) => kept.get(keyOf(key)),
      add(answer) {
        const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
        for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
        kept.set(keyOf(answer), answer);
      },
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("code.out", `Cannot write ${path}: ${reason}`, "name another folder with --out");
  }
}

function checkConditions(path: string, head: unknown, conditions: Readonly<Record<string, unknown>>): void {
  const before = (head as { conditions?: Record<string, unknown> } | null | undefined)?.conditions;
  if (typeof before !== "object" || before === null) {
    throw new UserError("code.conditions", `${path} is not a file of answers`, "name another folder with --out");
  }
  const text = (value: unknown) => JSON.stringify(value) ?? "nothing";
  const changed = Object.keys({ ...before, ...conditions }).filter((key) =>
    text(before[key]) !== text(conditions[key])
  );
  if (changed.length === 0) return;
  const what = changed.map((key) => `${key} ${text(before[key])}, now ${text(conditions[key])}`).join("; ");
  throw new UserError(
    "code.conditions",
    `The answers in ${path} were made differently: ${what}`,
    "name another folder with --out, or remove the file",
  );
}
