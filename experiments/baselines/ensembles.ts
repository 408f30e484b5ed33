// The cell that measures the second ensemble and expert routing. Their losses are computed from those of the single
// models, each of which runs once.
import type * as tf from "@tensorflow/tfjs";
import {
  measureCell,
  type Measured,
  type Method,
  modelOf,
  type Text,
  type Trained,
  weightsOf,
} from "../../lib/bts/mod.ts";
import type { Tokenizer } from "../../lib/data/mod.ts";
import {
  documentLosses,
  evaluate,
  type EvaluationOptions,
  type EvaluationSet,
  evaluationWindows,
  type RowMemory,
  rowMemory,
} from "../../lib/eval/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import {
  btmEnsemble,
  loadMerge,
  mixedLosses,
  priorFromLosses,
  routedLanguageModel,
  routedLosses,
  ROUTER,
} from "../../lib/merge/mod.ts";
import { decoder, type LanguageModel, parameterCount, toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import type { CellContext, CellResult } from "../../lib/run/mod.ts";
import { costOf } from "./cost.ts";
import { type BaselinesLab, type Branches, mergeFile } from "./method.ts";

/** Measures the second ensemble, and expert routing if there is a trained router. */
export function measureEnsembles(
  lab: BaselinesLab,
  text: Text,
  { seed, experts }: Branches,
  router: CellResult<Trained> | undefined,
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  const { btm } = lab.config.baselines;
  const cells = [seed, ...experts.values()];
  return measureCell(lab, text, {
    name: "evaluate:ensembles",
    title: router === undefined ? "Measure the second ensemble" : "Measure the second ensemble and expert routing",
    description: "Seed and experts run once; the losses of ensemble and router are computed from theirs.",
    inputs: { kind: "evaluate:ensembles", models: cells.map(({ key }) => key), btm, router: router?.key ?? null },
    forward() {
      const all = { flops: costOf(lab.config, model, "btm").flops.forward, models: cells.length };
      const methods = router === undefined ? 1 : 2;
      // Each model runs once, and again only to generate.
      return [all, ...Array.from({ length: methods }, () => ({ ...all, known: true }))];
    },
    code: import.meta,
    async open({ cell, set, scope }) {
      const host = await Promise.all(cells.map(weightsOf));
      const onDevice = host.map((weights) => scope.use(toDevice(weights)));
      const models = onDevice.map((weights) => decoder(model, weights));
      const recall = await memoryOf(lab, cell, set, models);
      const methods = [await secondEnsemble(lab, set, cell, models, recall)];
      if (router === undefined) return methods;
      const { weights } = await loadMerge(mergeFile(router.folder), "routing", host.map(hashTensors));
      const table = "model.embed_tokens.weight";
      const routing = { table: host[0]![table]!, router: weights[ROUTER]! };
      const knownLosses: KnownLosses = (tokens, from) => {
        const losses = recall(tokens);
        return losses && routedLosses(routing, tokens, from, losses);
      };
      const routed = routedLanguageModel({
        models,
        table: onDevice[0]![table] as tf.Tensor2D,
        router: scope.use(toDevice(weights))[ROUTER] as tf.Tensor2D,
      });
      const [one, trained] = [parameterCount(model), routing.router.data.length];
      const parameters = { trained, total: models.length * one + trained, active: one + trained };
      return [...methods, { name: "routing", model: routed, parameters, knownLosses }];
    },
  });
}

type KnownLosses = NonNullable<EvaluationOptions["knownLosses"]>;

/** The losses of every model on each row of the evaluation, from running each model once. */
async function memoryOf(
  { config }: BaselinesLab,
  cell: CellContext,
  set: EvaluationSet,
  models: readonly LanguageModel[],
): Promise<RowMemory["recall"]> {
  const memory = rowMemory(models.length);
  const scored = { ...set, tasks: set.tasks.filter(({ kind }) => kind === "choice") };
  for (const [j, model] of models.entries()) {
    await evaluate(model, scored, { batch: config.eval.batch, signal: cell.signal, onRow: memory.record(j) });
  }
  return memory.recall;
}

/** The ensemble with the options in the settings. */
async function secondEnsemble(
  lab: BaselinesLab,
  { tokenizer }: EvaluationSet,
  cell: CellContext,
  models: readonly LanguageModel[],
  recall: RowMemory["recall"],
): Promise<Method> {
  const { prior, decay, ...options } = lab.config.baselines.btm;
  const weighing = { ...options, prior: prior === "dev" ? await devPrior(lab, tokenizer, cell, models, decay) : null };
  const knownLosses: KnownLosses = (tokens) => {
    const losses = recall(tokens);
    return losses && mixedLosses(losses, weighing);
  };
  const total = models.length * parameterCount({ ...lab.config.model, vocabSize: tokenizer.vocabSize });
  const parameters = { trained: 0, total, active: total };
  return { name: "btm-dev", model: btmEnsemble(models, weighing), parameters, knownLosses };
}

/** Number of windows of validation text, over all domains, for the prior. */
const PRIOR_WINDOWS = 100;

/** The prior from validation text of all domains, in random order. */
async function devPrior(
  { config, corpus, rngSeed }: BaselinesLab,
  tokenizer: Tokenizer,
  cell: CellContext,
  models: readonly LanguageModel[],
  decay: number,
): Promise<number[]> {
  const time = config.model.contextLength;
  const maxWindows = Math.ceil(PRIOR_WINDOWS / corpus.domains.length);
  const windows = random(rngSeed, "prior").shuffle(
    corpus.domains.flatMap((domain) =>
      evaluationWindows(corpus.documents[domain]!.validation, tokenizer, { time, maxWindows })
    ),
  ).map((window, document) => ({ ...window, document })); // each window counts as a document
  const losses: Float64Array[] = [];
  for (const model of models) {
    losses.push((await documentLosses(model, windows, { batch: config.eval.batch, signal: cell.signal })).nll);
  }
  const prior = priorFromLosses(windows.map((_, i) => losses.map((nll) => nll[i]!)), decay);
  cell.note(`Prior of seed and experts from ${windows.length} windows of validation text: ${shares(prior)}`);
  return prior;
}

const shares = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(", ");
