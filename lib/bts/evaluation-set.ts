// What every method of a run is measured on: prepared before anything is trained, so that what is wrong with it ends the
// run at once.
import type { Tokenizer } from "../data/mod.ts";
import { buildTasks, type EvaluationSet, evaluationWindows } from "../eval/mod.ts";
import type { Lab } from "./lab.ts";

/**
 * The held-out text and the questions.
 *
 * @throws UserError `eval.tokenizer`
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
  const tasks = buildTasks(corpus, tokenizer, { seed: rngSeed, items: config.eval.items, time });
  return { windows, tokenizer, tasks };
}
