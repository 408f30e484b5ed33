// The text and questions that all methods of a run are measured on. They are also prepared before training, so that any
// problem with them ends the run early.
import type { Tokenizer } from "../data/mod.ts";
import { buildTasks, type EvaluationSet, evaluationWindows } from "../eval/mod.ts";
import type { Lab } from "./lab.ts";

/**
 * The held-out text and the questions.
 *
 * @throws UserError `eval.tokenizer` when decoding does not give back the text
 */
export function evaluationSet(
  { config, corpus, rngSeed }: Pick<Lab, "config" | "corpus" | "rngSeed">,
  tokenizer: Tokenizer,
): EvaluationSet {
  const time = config.model.contextLength;
  const windows = Object.fromEntries(
    corpus.domains.map((domain) => [
      domain,
      evaluationWindows(corpus.documents[domain]!.heldout, tokenizer, { time, maxTokens: config.eval.tokens }),
    ]),
  );
  const { items, questionTokens, tasks: wanted } = config.eval;
  const chosen = corpus.tasks.filter(({ name }) => wanted?.includes(name) ?? true);
  const questions = { seed: rngSeed, items, time: Math.min(time, questionTokens ?? time) };
  const tasks = buildTasks({ ...corpus, tasks: chosen }, tokenizer, questions);
  return { windows, tokenizer, tasks };
}
