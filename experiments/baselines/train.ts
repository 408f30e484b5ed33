// The training cells of the methods that stitching is compared with: the same text, steps and schedule as the stitches.
import { join } from "node:path";
import { type SeenRows, unionBatchAt, unionRows } from "../../lib/data/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import {
  calmModel,
  initialCalm,
  initialMixture,
  initialRouter,
  type MergeMethod,
  mixtureModel,
  MIXTURES,
  saveMerge,
  splitTrained,
} from "../../lib/merge/mod.ts";
import {
  disposeWeights,
  type HostWeights,
  type ModelConfig,
  toDevice,
  toHost,
  toVariables,
  type Weights,
} from "../../lib/model/mod.ts";
import { hash32 } from "../../lib/random.ts";
import type { CellContext, CellResult } from "../../lib/run/mod.ts";
import {
  calmTraining,
  methodCosts,
  mixtureTraining,
  type PhaseOptions,
  routerTraining,
  type TrainTask,
} from "../../lib/train/mod.ts";
import type { BaselinesConfig, TrainedMethod } from "./config.ts";
import {
  assertFrozen,
  batchesOf,
  decoderCell,
  expertMix,
  familyOf,
  type Lab,
  modelOf,
  monitored,
  phaseInCell,
  type Text,
  trainAndSummarise,
  type Trained,
  trainedSchema,
  TRAINING_CODE,
  weightsOf,
} from "../../lib/bts/mod.ts";

/** The run, with the comparison's own settings. */
export interface BaselinesLab extends Lab {
  readonly config: BaselinesConfig;
}

/** The cells that trained the seed and the experts. */
export interface Branches {
  readonly seed: CellResult<Trained>;
  readonly experts: ReadonlyMap<string, CellResult<Trained>>;
}

/** Methods whose trained parameters are a merge's file. */
export type MergedMethod = Exclude<TrainedMethod, "dense">;

/** What a reader calls each method. */
export const METHOD_TITLES: Readonly<Record<TrainedMethod, string>> = {
  "dense": "the dense model",
  "routing": "expert routing",
  "btx-soft": "BTX, soft routing",
  "btx-sample": "BTX, sampled top-1",
  "btx-top2": "BTX, top-2",
  "bam": "BAM",
  "bam-adapters": "BAM adapters",
  "calm": "CALM",
};

// ----------------------------------------------------------------------------------------------------------------
// Dense, data-matched
// ----------------------------------------------------------------------------------------------------------------

/** What the experts and the stitches saw, phase by phase, and how it is described in a cell's key. */
function seenRows(lab: BaselinesLab, text: Text) {
  const { config } = lab;
  const phases = [
    ...config.experts.map((domain) => ({
      name: `expert:${domain}`,
      mix: expertMix(config, domain),
      train: config.train.expert,
    })),
    { name: "stitch", mix: config.mix.stitch, train: config.train.stitch },
  ];
  const rows = phases.map(({ name, mix, train }): SeenRows => ({
    steps: train.steps,
    batch: train.batch,
    batchAt: batchesOf(lab, text, name, mix, train).batchAt,
  }));
  const inputs = phases.map(({ name, mix, train: { steps, batch } }) => ({ name, mix, steps, batch }));
  return { phases, rows, inputs };
}

/** The seed's training continued on every row that an expert or the stitches saw, with the experts' settings. */
export async function trainDense(lab: BaselinesLab, text: Text, { seed }: Branches): Promise<CellResult<Trained>> {
  const { phases, rows, inputs } = seenRows(lab, text);
  const { expert } = lab.config.train;
  const mix: Record<string, number> = {};
  phases.forEach(({ mix: own, train: { steps, batch } }) => {
    const total = Object.values(own).reduce((a, b) => a + b, 0);
    for (const [domain, weight] of Object.entries(own)) {
      mix[domain] = (mix[domain] ?? 0) + steps * batch * weight / total;
    }
  });
  return await decoderCell(lab, text, {
    name: "dense",
    title: "Train the dense model",
    description: "The seed, continued-pretrained on the union of all that the experts and the stitches see.",
    inputs: { seed: seed.key, union: inputs },
    mix,
    train: { ...expert, steps: Math.ceil(unionRows(rows) / expert.batch) },
    start: () => weightsOf(seed),
    code: ["lib/data/batches/union.ts", "experiments/baselines/train.ts"],
    batchAt: (step) => unionBatchAt(rows, { seed: hash32(lab.seed, "union"), step, batch: expert.batch }),
  });
}

// ----------------------------------------------------------------------------------------------------------------
// Mixtures, CALM, routing
// ----------------------------------------------------------------------------------------------------------------

/** A method ready to be trained. */
interface Ready {
  readonly variables: TrainTask["parameters"];
  /** What must not change, with its values before. */
  readonly frozen: readonly Weights[];
  readonly before: readonly HostWeights[];
  readonly task: (options: PhaseOptions) => TrainTask;
}

/** The method's kind and settings, as its file names them. */
export function methodOf({ baselines }: BaselinesConfig, name: MergedMethod): MergeMethod {
  if (name === "calm") return { kind: "calm", config: baselines.calm };
  if (name === "routing") return { kind: "routing", config: {} };
  return { kind: "mixture", config: { ...MIXTURES[name], balance: baselines.balance } };
}

/** Operations of one training token; a router's training runs all models forward. */
export function trainFlops({ experts, stitch, baselines }: BaselinesConfig, model: ModelConfig, name: MergedMethod) {
  const costs = methodCosts({ model, experts: experts.length, stitch, calm: baselines.calm });
  const flopsOf = (wanted: string) => costs.find(({ method }) => method === wanted)!.flops;
  return name === "routing" ? flopsOf("btm").forward : flopsOf(name).forward + flopsOf(name).backward;
}

/** Trains one of the methods on the very batches that the stitches are trained on. */
export async function trainMethod(
  lab: BaselinesLab,
  text: Text,
  { seed: seedCell, experts }: Branches,
  name: MergedMethod,
): Promise<CellResult<Trained>> {
  const { config, seed } = lab;
  const model = modelOf(lab, text);
  const method = methodOf(config, name);
  const cells = [seedCell, ...experts.values()];
  const train = config.train.stitch;
  const inputs = {
    kind: "merge",
    method,
    train,
    validationBatches: config.train.validationBatches,
    mix: config.mix.stitch,
    seed,
    models: cells.map(({ key }) => key),
    text: text.key,
    device: lab.device.numerics,
    ...monitored(lab),
  };
  return await lab.run.cell({
    name,
    title: `Train ${METHOD_TITLES[name]}`,
    description: "From the same seed and experts as the stitches, on the same text, with the same steps and schedule.",
    inputs,
    family: familyOf(inputs),
    code: [...TRAINING_CODE, "lib/merge", "experiments/baselines/train.ts"],
    output: trainedSchema,
  }, async (cell) => {
    const models = await Promise.all(cells.map(weightsOf));
    const { variables, frozen, before, task } = ready(model, method, models, seed);
    try {
      const { batchAt, validation } = batchesOf(lab, text, "stitch", config.mix.stitch, train);
      const options = { ...await phaseInCell(lab, cell, train), batchAt, validation };
      const flopsPerToken = trainFlops(config, model, name);
      const outcome = await trainAndSummarise(cell, { ...task(options), flopsPerToken }, model.vocabSize);
      if (name === "routing") summariseRouter(cell, outcome, models.length);
      await assertFrozen(frozen, before);
      const weights = await toHost(variables);
      const names = ["seed", ...experts.keys()];
      await saveMerge(mergeFile(cell.folder), {
        method,
        weights,
        models: cells.map(({ value }, i) => ({ name: names[i]!, weights: value.weights })),
      });
      return { ...outcome, weights: hashTensors(weights) };
    } finally {
      for (const weights of [variables, ...frozen]) disposeWeights(weights);
    }
  });
}

function ready(model: ModelConfig, method: MergeMethod, models: readonly HostWeights[], seed: number): Ready {
  if (method.kind === "mixture") {
    const mixture = method.config;
    const { trained, frozen } = splitTrained(mixture, initialMixture(model, mixture, models, seed));
    const [variables, rest] = [toVariables(trained), toDevice(frozen)];
    const whole = mixtureModel({
      config: model,
      mixture,
      models: models.length,
      weights: { ...rest, ...variables },
    });
    return {
      variables,
      frozen: [rest],
      before: [frozen],
      task: (options) => mixtureTraining(whole, variables, seed, options),
    };
  }
  const onDevice = models.map(toDevice);
  const [anchor, ...augmenting] = onDevice as [Weights, ...Weights[]];
  if (method.kind === "calm") {
    const size = { augmenting: augmenting.length, width: model.width };
    const variables = toVariables(initialCalm(method.config, size, seed));
    const whole = calmModel({ config: model, calm: method.config, anchor, augmenting, connections: variables });
    return {
      variables,
      frozen: onDevice,
      before: models,
      task: (options) => calmTraining(whole, variables, options),
    };
  }
  const variables = toVariables(initialRouter(models.length, model.width));
  return {
    variables,
    frozen: onDevice,
    before: models,
    task: (options) => routerTraining(model, onDevice, variables, seed, options),
  };
}

/** A router's loss is not a language model's: it is of the choice among the models. */
function summariseRouter(cell: CellContext, { loss, validation }: Omit<Trained, "weights">, models: number): void {
  const validated = validation === null ? "" : `, validation ${validation.toFixed(3)}`;
  cell.summary(
    `loss ${loss.toFixed(3)}${validated} nats a choice among ${models} models, ` +
      `of which guessing loses ${Math.log(models).toFixed(3)}`,
  );
}

/** The file in the folder of the cell that trained a method. */
export function mergeFile(folder: string): string {
  return join(folder, "merge.safetensors");
}
