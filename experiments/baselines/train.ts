// The training cells of the methods that stitching is compared with.
import { type SeenRows, unionBatchAt, unionRows } from "../../lib/data/mod.ts";
import { mergeFile, saveMerge, type TrainedMethod } from "../../lib/baselines/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { toHost } from "../../lib/model/mod.ts";
import { hash32 } from "../../lib/random.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import {
  batchesOf,
  decoderCell,
  expertMix,
  familyOf,
  modelOf,
  monitored,
  openStreams,
  phaseInCell,
  type Text,
  type TokenStreams,
  trainAndSummarize,
  type Trained,
  trainedSchema,
  weightsOf,
} from "../../lib/bts/mod.ts";
import type { BaselinesConfig } from "./config.ts";
import { trainFlops, trainingCost } from "./cost.ts";
import { type BaselinesLab, type Branches, partsOf, phraseOf, settingsOf } from "./method.ts";

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

/** Trains a method on the same batches, with the same steps and schedule, as the stitches. */
export function trainMethod(
  lab: BaselinesLab,
  text: Text,
  branches: Branches,
  method: TrainedMethod,
): Promise<CellResult<Trained>> {
  const { config, rngSeed } = lab;
  const { name, file } = method;
  const model = modelOf(lab, text);
  const settings = method.configOf(settingsOf(config));
  const parts = partsOf(method, branches);
  const train = config.train.stitch;
  const inputs = {
    kind: "merge",
    method: { kind: file.kind, config: settings },
    train,
    validationBatches: config.train.validationBatches,
    mix: config.mix.stitch,
    rngSeed,
    models: [...parts.values()].map(({ key }) => key),
    text: text.content,
    ...monitored(lab),
  };
  return lab.run.cell({
    name,
    title: `Train ${phraseOf(method)}`,
    description: "The same seed, experts, batches, steps and schedule as for the stitches.",
    inputs,
    family: familyOf(inputs),
    code: [import.meta, method.code],
    device: lab.device,
    output: trainedSchema,
    cost: () => trainingCost(config, model, method),
  }, async (cell) => {
    const models = await Promise.all([...parts.values()].map(weightsOf));
    using training = method.start({ model, config: settings, models, rngSeed });
    const before = await training.hashFrozen();
    const task = training.task({
      ...await phaseInCell(lab, cell, train),
      ...batchesOf(lab, openStreams(text), "stitch", config.mix.stitch, train),
    });
    const flopsPerToken = trainFlops(config, model, method);
    const outcome = await trainAndSummarize(cell, { ...task, flopsPerToken }, model.vocabSize);
    if (method.outcomeText !== undefined) cell.summary(method.outcomeText(outcome, models.length));
    if (await training.hashFrozen() !== before) throw new Error(`Training ${name} changed a frozen weight`);
    const weights = await toHost(training.variables);
    await saveMerge(mergeFile(cell.folder), {
      method: { kind: file.kind, config: settings },
      weights,
      models: [...parts].map(([name, { value }]) => ({ name, weights: value.weights })),
    });
    return { ...outcome, weights: hashTensors(weights) };
  });
}
