// Measuring the second ensemble, and methods such as expert routing. Their losses are computed from those of the single
// models, each of which runs once.
import { openBaseline, type TrainedMethod } from "../../lib/baselines/mod.ts";
import {
  type MeasureSpec,
  type Measuring,
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
import { btmEnsemble, btmOptions, mixedLosses, mixtureTops, priorFromLosses, savePrior } from "../../lib/merge/mod.ts";
import { decoder, type LanguageModel, parameterCount, toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import type { CellContext, CellResult } from "../../lib/run/mod.ts";
import { ensembleFlops } from "./cost.ts";
import { type BaselinesLab, type Branches, phraseOf } from "./method.ts";

/** A method whose losses follow from those of the single models, and the cell that built it. */
export interface OfLosses {
  readonly method: TrainedMethod;
  readonly built: CellResult<Trained>;
}

/** Measuring the second ensemble, and the other methods whose losses follow from those of the single models. */
export function ensemblesSpec(
  lab: BaselinesLab,
  text: Text,
  { seed, experts }: Branches,
  others: readonly OfLosses[],
): MeasureSpec {
  const model = modelOf(lab, text);
  const { btm, secondEnsemble: withSecond } = lab.config.baselines;
  const cells = [seed, ...experts.values()];
  const named = [...withSecond ? ["the second ensemble"] : [], ...others.map(({ method }) => phraseOf(method))];
  return {
    name: "evaluate:ensembles",
    title: `Measure ${named.join(" and ")}`,
    description: "Seed and experts run once; the losses of these methods are computed from theirs.",
    inputs: {
      kind: "evaluate:ensembles",
      models: cells.map(({ key }) => key),
      ...(withSecond ? { btm } : {}),
      others: others.map(({ method: { name }, built: { key } }) => ({ name, key })),
    },
    rowsOf: "evaluate",
    forward(part) {
      const all = { flops: ensembleFlops(lab.config, model), models: cells.length };
      // Each model runs once, unless the rows of its tasks are known; again for the most likely tokens of the ensemble, and to generate.
      const second = withSecond ? [{ ...all, known: "losses" } as const] : [];
      return [
        ...part === "tasks" ? [] : [all],
        ...second,
        ...others.map(() => ({ ...all, known: "predictions" }) as const),
      ];
    },
    held: () => cells.length * parameterCount(model),
    code: [import.meta, ...others.map(({ method }) => method.code)],
    async open({ cell, set, scope, rows }) {
      const host = await Promise.all(cells.map(weightsOf));
      const onDevice = host.map((weights) => scope.use(toDevice(weights)));
      const models = onDevice.map((weights) => decoder(model, weights));
      const memory = await memoryOf(lab, cell, set, models, rows);
      const methods = withSecond ? [await secondEnsemble(lab, set, cell, models, memory)] : [];
      for (const { method, built: { folder } } of others) {
        const { lossesFrom, topsFrom, model: routed, parameters } = await openBaseline(
          { method, folder, model, models: host, onDevice },
          scope,
        );
        const knownLosses: KnownLosses = (tokens, from) => {
          const losses = memory.recall(tokens);
          return losses && lossesFrom?.(tokens, from, losses);
        };
        const knownTops: KnownTops | undefined = topsFrom &&
          ((rows) => Promise.resolve(rows.map((tokens) => topsFrom(tokens, memory.recallTops(tokens)!))));
        methods.push({ name: method.name, open: () => routed, parameters, knownLosses, knownTops });
      }
      return methods;
    },
  };
}

type KnownLosses = NonNullable<EvaluationOptions["knownLosses"]>;
type KnownTops = NonNullable<EvaluationOptions["knownTops"]>;

/** The losses of every model on each row of the evaluation, from running each model once or from another cell. */
async function memoryOf(
  { config, device }: BaselinesLab,
  cell: CellContext,
  set: EvaluationSet,
  models: readonly LanguageModel[],
  rows: Measuring["rows"],
): Promise<RowMemory> {
  const memory = rowMemory(models.length);
  if (rows !== undefined) {
    for (const j of models.keys()) {
      const record = memory.record(j);
      for (const { tokens, losses } of await rows(j)) record(tokens, losses);
    }
    return memory;
  }
  const scored = { ...set, tasks: set.tasks.filter(({ kind }) => kind === "choice") };
  for (const [j, model] of models.entries()) {
    await evaluate(model, scored, {
      parameters: { trained: 0, total: 0, active: 0 },
      device: device.description,
      measures: [],
      batch: config.eval.batch,
      signal: cell.signal,
      onRow: memory.record(j),
    });
  }
  return memory;
}

/** The ensemble with the options in the settings. */
async function secondEnsemble(
  lab: BaselinesLab,
  { tokenizer }: EvaluationSet,
  cell: CellContext,
  models: readonly LanguageModel[],
  memory: RowMemory,
): Promise<Method> {
  const { btm } = lab.config.baselines;
  const weighing = await btmOptions(btm, () => devPrior(lab, tokenizer, cell, models, btm.decay));
  const knownLosses: KnownLosses = (tokens) => {
    const losses = memory.recall(tokens);
    return losses && mixedLosses(losses, weighing);
  };
  const knownTops: KnownTops = (rows) =>
    mixtureTops(models, rows.map((tokens) => ({ tokens, losses: memory.recall(tokens)! })), weighing);
  const total = models.length * parameterCount({ ...lab.config.model, vocabSize: tokenizer.vocabSize });
  const parameters = { trained: 0, total, active: total };
  return { name: "btm-dev", open: () => btmEnsemble(models, weighing), parameters, knownLosses, knownTops };
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
  await savePrior(cell.folder, prior);
  cell.note(`Prior of seed and experts from ${windows.length} windows of validation text: ${shares(prior)}`);
  return prior;
}

const shares = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(", ");
