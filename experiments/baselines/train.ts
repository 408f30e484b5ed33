// The training cells of the methods that stitching is compared with.
import { type SeenRows, unionBatchAt, unionRows } from "../../lib/data/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import {
  calmModel,
  initialCalm,
  initialMixture,
  initialRouter,
  type MergeMethod,
  mixtureModel,
  saveMerge,
  splitTrained,
} from "../../lib/merge/mod.ts";
import {
  type HostWeights,
  type ModelConfig,
  type OwnedWeights,
  toDevice,
  toHost,
  toVariables,
  type Weights,
} from "../../lib/model/mod.ts";
import { hash32 } from "../../lib/random.ts";
import type { CellContext, CellResult } from "../../lib/run/mod.ts";
import {
  calmTraining,
  mixtureTraining,
  type PhaseOptions,
  routerTraining,
  type TrainTask,
} from "../../lib/train/mod.ts";
import {
  batchesOf,
  decoderCell,
  expertMix,
  familyOf,
  modelOf,
  monitored,
  phaseInCell,
  readStreams,
  type Text,
  type TokenStreams,
  trainAndSummarize,
  type Trained,
  trainedSchema,
  weightsOf,
} from "../../lib/bts/mod.ts";
import type { BaselinesConfig, MergedMethod } from "./config.ts";
import { type BaselinesLab, type Branches, mergeFile, METHOD_TITLES, methodOf } from "./method.ts";
import { trainFlops, trainingCost } from "./cost.ts";

/** The training phases of the experts and the stitches. */
function seenPhases(config: BaselinesConfig) {
  const { mix, train, experts } = config;
  return [
    ...experts.map((domain) => ({ name: `expert:${domain}`, mix: expertMix(config, domain), train: train.expert })),
    { name: "stitch", mix: mix.stitch, train: train.stitch },
  ];
}

/** Trains the dense model: the seed, trained further on every row that the experts and the stitches see. */
export function trainDense(lab: BaselinesLab, text: Text, { seed }: Branches): Promise<CellResult<Trained>> {
  const { config, rngSeed } = lab;
  const { expert } = config.train;
  const phases = seenPhases(config);
  const rows = (streams: TokenStreams) =>
    phases.map(({ name, mix, train }): SeenRows => ({
      steps: train.steps,
      batch: train.batch,
      batchAt: batchesOf(lab, streams, name, mix, train).batchAt,
    }));
  const mix: Record<string, number> = {};
  phases.forEach(({ mix: own, train: { steps, batch } }) => {
    const total = Object.values(own).reduce((a, b) => a + b, 0);
    for (const [domain, weight] of Object.entries(own)) {
      mix[domain] = (mix[domain] ?? 0) + steps * batch * weight / total;
    }
  });
  return decoderCell(lab, text, {
    name: "dense",
    title: "Train the dense model",
    description: "The seed, trained further on all text that the experts and the stitches see.",
    inputs: {
      start: seed.key,
      union: phases.map(({ name, mix, train: { steps, batch } }) => ({ name, mix, steps, batch })),
    },
    mix,
    train: { ...expert, steps: Math.ceil(unionRows(phases.map(({ train }) => train)) / expert.batch) },
    start: () => weightsOf(seed),
    code: [import.meta],
    batchAt: (streams) => {
      const seen = rows(streams);
      return (step) => unionBatchAt(seen, { seed: hash32(rngSeed, "union"), step, batch: expert.batch });
    },
  });
}

/** A method ready to be trained. */
interface Ready {
  readonly variables: OwnedWeights<TrainTask["parameters"][string]>;
  readonly frozen: readonly OwnedWeights[];
  /** The values of the frozen weights. */
  readonly before: readonly HostWeights[];
  readonly task: (options: PhaseOptions) => TrainTask;
}

/** Trains a method on the same batches, with the same steps and schedule, as the stitches. */
export function trainMethod(
  lab: BaselinesLab,
  text: Text,
  { seed, experts }: Branches,
  name: MergedMethod,
): Promise<CellResult<Trained>> {
  const { config, rngSeed } = lab;
  const model = modelOf(lab, text);
  const method = methodOf(config, name);
  const cells = [seed, ...experts.values()];
  const train = config.train.stitch;
  const inputs = {
    kind: "merge",
    method,
    train,
    validationBatches: config.train.validationBatches,
    mix: config.mix.stitch,
    rngSeed,
    models: cells.map(({ key }) => key),
    text: text.content,
    ...monitored(lab),
  };
  return lab.run.cell({
    name,
    title: `Train ${METHOD_TITLES[name]}`,
    description: "The same seed, experts, batches, steps and schedule as for the stitches.",
    inputs,
    family: familyOf(inputs),
    code: import.meta,
    device: lab.device,
    output: trainedSchema,
    cost: () => trainingCost(config, model, name),
  }, async (cell) => {
    const models = await Promise.all(cells.map(weightsOf));
    using scope = new DisposableStack();
    const { variables, frozen, before, task } = ready(model, method, models, rngSeed);
    for (const weights of [variables, ...frozen]) scope.use(weights);
    const { batchAt, validation } = batchesOf(lab, await readStreams(text), "stitch", config.mix.stitch, train);
    const options = { ...await phaseInCell(lab, cell, train), batchAt, validation };
    const flopsPerToken = trainFlops(config, model, name);
    const outcome = await trainAndSummarize(cell, { ...task(options), flopsPerToken }, model.vocabSize);
    if (name === "routing") summarizeRouter(cell, outcome, models.length);
    await assertFrozen(frozen, before);
    const weights = await toHost(variables);
    const names = ["seed", ...experts.keys()];
    await saveMerge(mergeFile(cell.folder), {
      method,
      weights,
      models: cells.map(({ value }, i) => ({ name: names[i]!, weights: value.weights })),
    });
    return { ...outcome, weights: hashTensors(weights) };
  });
}

function ready(model: ModelConfig, method: MergeMethod, models: readonly HostWeights[], rngSeed: number): Ready {
  if (method.kind === "mixture") {
    const mixture = method.config;
    const { trained, frozen } = splitTrained(mixture, initialMixture(model, mixture, models, rngSeed));
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
      task: (options) => mixtureTraining(whole, variables, rngSeed, options),
    };
  }
  const onDevice = models.map(toDevice);
  const [anchor, ...augmenting] = onDevice;
  if (method.kind === "calm") {
    const size = { augmenting: augmenting.length, width: model.width };
    const variables = toVariables(initialCalm(method.config, size, rngSeed));
    const whole = calmModel({
      config: model,
      calm: method.config,
      anchor: anchor!,
      augmenting,
      connections: variables,
    });
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
    task: (options) => routerTraining(model, onDevice, variables, rngSeed, options),
  };
}

/** Throws if training changed a frozen weight. */
async function assertFrozen(onDevice: readonly Weights[], before: readonly HostWeights[]): Promise<void> {
  for (const [i, weights] of onDevice.entries()) {
    if (hashTensors(await toHost(weights)) !== hashTensors(before[i]!)) {
      throw new Error(`Training changed the frozen weights of model ${i}`);
    }
  }
}

/** The loss of a router is not that of a language model, but of the choice among the models. */
function summarizeRouter(cell: CellContext, { loss, validation }: Omit<Trained, "weights">, models: number): void {
  const validated = validation === null ? "" : `, validation ${validation.toFixed(3)}`;
  cell.summary(
    `loss ${loss.toFixed(3)}${validated} nats per choice among ${models} models; ` +
      `a uniform guess has ${Math.log(models).toFixed(3)}`,
  );
}
