// Adam's instability, provoked on purpose (A theory on Adam instability, arXiv 2304.09871).
//
//     deno task run experiments/instability.ts --preset quick
//
// A small decoder trains at a high rate on very few batches, so that its gradients lose their noise and vanish, as
// those of large models with large batches do. Then the loss spikes; the update ratio m̂/(√v̂ + ε), bell-shaped until
// then, has two peaks just before. Each arm does something else about it.
import { join } from "node:path";
import { z } from "zod";
import { loadCorpus, openTokenizer, tokenizeDocuments, type TokenStream, trainTokenizer } from "../lib/data/mod.ts";
import { type CellDevice, type Experiment, experimentMain } from "../lib/experiment/mod.ts";
import { checkModelConfig, type ModelConfig } from "../lib/model/mod.ts";
import { type CellCost, type CellResult, type CellRunner, type RunResults, runResultsSchema } from "../lib/run/mod.ts";
import { isWatched, pretrainFlops, trainingBytes } from "../lib/train/mod.ts";
import { type Arm, armsOf, checkArms } from "./instability/arms.ts";
import { type InstabilityConfig, instabilityDefinition } from "./instability/config.ts";
import { outcomeSchema } from "./instability/outcome.ts";
import { outcomesTable, ratiosTable, seedsTable, verdict, warningsTable } from "./instability/tables.ts";
import { type Trace, trainArm } from "./instability/train-arm.ts";

const CODE = [
  ...["arms.ts", "outcome.ts", "train-arm.ts"].map((file) => `experiments/instability/${file}`),
  ...["lib/tensor", "lib/model", "lib/data", "lib/train", "lib/random.ts"],
];

interface Prepared {
  /** What the text and its tokens depend on. */
  readonly fingerprint: unknown;
  readonly text: TokenStream;
  readonly vocabSize: number;
}

interface Lab {
  readonly run: CellRunner;
  readonly config: InstabilityConfig;
  readonly rngSeed: number;
  readonly device: CellDevice;
  readonly prepared: Prepared;
}

async function provoke(lab: Lab): Promise<CellResult<RunResults>> {
  const trained: { arm: Arm; cell: CellResult<z.infer<typeof trainedSchema>> }[] = [];
  for (const arm of armsOf(lab.config)) trained.push({ arm, cell: await trainSeeds(lab, arm) });
  return await lab.run.cell({
    name: "report",
    title: "Report",
    description: "All arms side by side: who spiked, who was warned, and what helped.",
    inputs: { kind: "instability report", diverged: lab.config.diverged, cells: trained.map(({ cell }) => cell.key) },
    code: ["experiments/instability", "experiments/instability.ts"],
    output: runResultsSchema,
  }, (cell) => {
    const all = trained.map(({ arm, cell }) => ({ arm, outcomes: cell.value.outcomes }));
    cell.table(outcomesTable(all, lab.config.diverged));
    cell.table(seedsTable(all));
    cell.table(warningsTable(all));
    cell.summary(verdict(all, lab.config.diverged));
    // The tables are the result: there are no methods to compare.
    return Promise.resolve({ domains: [], methods: {} });
  });
}

const trainedSchema = z.strictObject({ outcomes: z.array(outcomeSchema) });

/** One arm: the same training once for each seed. The cell's curves are the first seed's. */
function trainSeeds({ run, config, rngSeed, device, prepared }: Lab, arm: Arm) {
  const model = modelOf(config, prepared.vocabSize);
  const seeds = Array.from({ length: config.repeats }, (_, i) => rngSeed + i);
  const { train, monitor } = arm;
  return run.cell({
    name: arm.name,
    title: `Train: ${arm.name}`,
    description: `The same start and the same batches for every arm. What is done: ${arm.what}.`,
    inputs: {
      kind: "instability",
      model,
      train,
      monitor,
      batches: config.batches,
      seeds,
      text: prepared.fingerprint,
      device: device.numerics,
    },
    code: CODE,
    output: trainedSchema,
    cost: () => armCost(config, model),
  }, async (cell) => {
    const traces: Trace[] = [];
    for (const [i, own] of seeds.entries()) {
      traces.push(
        await trainArm({
          arm,
          model,
          text: prepared.text,
          batches: config.batches,
          rngSeed: own,
          signal: cell.signal,
          onLoss(tick, loss, statistics) {
            if (i > 0) return;
            const groups = (statistics ?? []).filter(({ group }) => isWatched(group));
            const signs = Object.fromEntries(
              groups.map(({ group, bimodality }) => [`${group}/bimodality`, bimodality]),
            );
            cell.metrics(tick, train.steps, { loss, ...signs });
          },
          onAlert({ text, level, ...alert }) {
            if (i === 0) cell.note(text, level, alert);
          },
        }),
      );
    }
    const ratios = arm.name === "plain" ? ratiosTable(traces[0]!) : undefined;
    if (ratios !== undefined) cell.table(ratios);
    const losses = Object.fromEntries(traces.map(({ losses, outcome }) => [outcome.seed, losses]));
    await Deno.writeTextFile(join(cell.folder, "losses.json"), JSON.stringify(losses) + "\n");
    const spikes = traces.map(({ outcome }) => outcome.spikes.length);
    cell.summary(`spikes by seed: ${spikes.join(", ")}`);
    return { outcomes: traces.map(({ outcome }) => outcome) };
  });
}

function modelOf({ model }: InstabilityConfig, vocabSize: number): ModelConfig {
  return { ...model, vocabSize };
}

async function prepare({ data, tokenizer }: InstabilityConfig, seed: number): Promise<Prepared> {
  const corpus = await loadCorpus(data, { seed });
  const documents = corpus.documents["english"]!.train;
  const texts = function* () {
    let left = tokenizer.trainBytes;
    for (const { text } of documents) {
      if (left <= 0) return;
      yield text;
      left -= text.length;
    }
  };
  const opened = openTokenizer(trainTokenizer(texts(), { vocabSize: tokenizer.vocabSize }));
  const fingerprint = { data: corpus.fingerprint, tokenizer };
  return { fingerprint, text: tokenizeDocuments(documents, opened), vocabSize: opened.vocabSize };
}

/** What one arm costs, over all seeds. */
function armCost({ train, repeats }: InstabilityConfig, model: ModelConfig): CellCost {
  const { steps, batch, accumulate, activations } = train;
  const tokens = repeats * steps * batch * model.contextLength;
  const bytes = trainingBytes(model, batch * model.contextLength / accumulate, activations);
  return { tokens, flops: tokens * pretrainFlops(model), bytes };
}

/** Stands for the text in a plan. */
function outline({ tokenizer: { vocabSize } }: InstabilityConfig): Prepared {
  return { fingerprint: "planned", text: { tokens: new Int32Array(), starts: new Int32Array(), bytes: 0 }, vocabSize };
}

/** Settings that cannot work together are refused before anything is written. */
function check(config: InstabilityConfig): void {
  checkModelConfig(modelOf(config, config.tokenizer.vocabSize));
  checkArms(config);
}

export const instabilityExperiment: Experiment<typeof instabilityDefinition.schema, Prepared> = {
  definition: instabilityDefinition,
  tables: ["outcomes"],
  check,
  prepare,
  outline,
  body: provoke,
};

if (import.meta.main) await experimentMain(instabilityExperiment);
