// Scores a model on a task.
import type { Tokenizer } from "../data/mod.ts";
import type { LanguageModel } from "../model/mod.ts";
import { type Estimate, shareInterval } from "../run/mod.ts";
import { rowLosses } from "./batches.ts";
import { generateGreedily } from "./generate.ts";
import type { Task } from "./task.ts";
import type { EvaluationOptions } from "./types.ts";

/**
 * The share of questions answered correctly, with its exact 95 % interval.
 *
 * The model's choice is the answer with the highest log-likelihood after the prompt, summed over its tokens; or, where
 * `scoring` is `gain`, the one whose log-likelihood gains the most from the prompt, compared to the same answer at the start
 * of a document (pointwise mutual information, Holtzman et al. 2021, arXiv 2104.08315), so that an answer that is likely
 * anywhere has no advantage. A generated answer ends at the first line end or `<|endoftext|>` and must match
 * exactly, except for whitespace at its end.
 *
 * @throws UserError `eval.not-finite`
 */
export async function scoreTask(
  model: LanguageModel,
  task: Task,
  tokenizer: Tokenizer,
  options: EvaluationOptions = {},
): Promise<Estimate> {
  const right = await answeredRightly(model, task, tokenizer, options);
  return shareInterval(right.filter(Boolean).length, right.length);
}

/** Whether each question of a task is answered correctly. */
export async function answeredRightly(
  model: LanguageModel,
  task: Task,
  tokenizer: Tokenizer,
  options: EvaluationOptions = {},
): Promise<boolean[]> {
  if (task.kind === "choice") {
    const gain = task.scoring === "gain";
    const rows = task.items.flatMap(({ prompt, choices }) =>
      choices.flatMap(({ tokens }) => [
        { tokens: Int32Array.from([...prompt, ...tokens]), from: prompt.length },
        ...(gain ? [{ tokens: Int32Array.from([prompt[0]!, ...tokens]), from: 1 }] : []),
      ])
    );
    const losses = await rowLosses(model, rows, options);
    let row = 0;
    return task.items.map(({ choices, right }) => {
      const scores = choices.map(() => {
        const prompted = losses[row++]!;
        return (gain ? losses[row++]! : 0) - prompted;
      });
      return scores.indexOf(Math.max(...scores)) === right;
    });
  }
  const prompts = task.items.map(({ prompt }) => prompt);
  const lineEnds = new Map<number, boolean>();
  const stop = (id: number) => {
    if (id === tokenizer.endOfText) return true;
    if (!lineEnds.has(id)) lineEnds.set(id, tokenizer.decode([id]).includes("\n"));
    return lineEnds.get(id)!;
  };
  const generated = await generateGreedily(model, prompts, task.maxTokens, stop, options);
  return task.items.map(({ answer }, i) => {
    const ids = generated[i]!;
    const text = tokenizer.decode(ids.at(-1) === tokenizer.endOfText ? ids.slice(0, -1) : ids);
    return text.split("\n", 1)[0]!.trimEnd() === answer.trimEnd();
  });
}
