// The cells of methods with a training of their own for each expert's domain, and the cell that puts the results together.
import { type BranchedMethod, loadMerge, mergeFile, saveMerge } from "../../lib/baselines/mod.ts";
import {
  batchesOf,
  expertMix,
  familyOf,
  modelOf,
  monitored,
  openStreams,
  phaseInCell,
  type Text,
  trainAndSummarize,
  type Trained,
  trainedSchema,
  weightsOf,
} from "../../lib/bts/mod.ts";
import { sampleDocuments } from "../../lib/data/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { hash32 } from "../../lib/random.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import { branchTrainingCost } from "./cost.ts";
import { type FittedCell, fittedSchema } from "./fit.ts";
import { type BaselinesLab, phraseOf, settingsOf } from "./method.ts";

/** Trains the branch of one domain, on the batches of its expert. It depends on no other expert. */
export function trainBranch(
  lab: BaselinesLab,
  text: Text,
  seed: CellResult<Trained>,
  method: BranchedMethod,
  domain: string,
): Promise<CellResult<Trained>> {
  const { config, rngSeed } = lab;
  const model = modelOf(lab, text);
  const settings = method.branchOf(method.configOf(settingsOf(config)));
  const train = config.train.expert;
  const mix = expertMix(config, domain);
  const inputs = {
    kind: "branch",
    method: { kind: method.file.kind, config: settings },
    domain,
    public: config.mix.seed,
    train,
    validationBatches: config.train.validationBatches,
    mix,
    rngSeed,
    seed: seed.key,
    text: text.content,
    ...monitored(lab),
  };
  return lab.run.cell({
    name: branchName(method, domain),
    title: `Train ${phraseOf(method)} on ${domain}`,
    description: `The same batches, steps and schedule as for the ${domain} expert, and nothing of the other experts.`,
    inputs,
    family: familyOf(inputs),
    code: [import.meta, method.code],
    device: lab.device,
    output: trainedSchema,
    cost: () => branchTrainingCost(config, model, method),
  }, async (cell) => {
    const streams = openStreams(text);
    const { documents, tokens } = method.reads(settings);
    const limit = { documents, tokens: Math.min(tokens, model.contextLength) };
    const documentsOf = (name: string) =>
      sampleDocuments(streams[name]!.train, { ...limit, seed: hash32(rngSeed, name) });
    using training = await method.start({
      model,
      seed: await weightsOf(seed),
      publicDocuments: Object.entries(config.mix.seed).filter(([, share]) => share > 0)
        .map(([name, share]) => ({ share, documents: documentsOf(name) })),
      documents: documentsOf(domain),
    });
    const before = await training.hashFrozen();
    const task = training.task({
      ...await phaseInCell(lab, cell, train),
      ...batchesOf(lab, streams, `expert:${domain}`, mix, train),
    });
    const flopsPerToken = method.branchCost(model, 0).flops;
    const outcome = await trainAndSummarize(cell, { ...task, flopsPerToken }, model.vocabSize);
    if (await training.hashFrozen() !== before) throw new Error(`Training ${method.name} changed a frozen weight`);
    const weights = await training.finished();
    await saveMerge(mergeFile(cell.folder), {
      method: { kind: method.file.kind, config: method.configOf({ ...settingsOf(config), experts: [domain] }) },
      weights,
      models: [{ name: "seed", weights: seed.value.weights }],
    });
    return { ...outcome, weights: hashTensors(weights) };
  });
}

/** Puts the branches together, in the order of the experts. */
export function joinBranches(
  lab: BaselinesLab,
  seed: CellResult<Trained>,
  method: BranchedMethod,
  branches: readonly CellResult<Trained>[],
): Promise<CellResult<FittedCell>> {
  const config = method.configOf(settingsOf(lab.config));
  const { name, file } = method;
  return lab.run.cell({
    name,
    title: `Put ${phraseOf(method)} together`,
    description: "From what was trained for each expert, without further training.",
    inputs: { kind: "join", method: { kind: file.kind, config }, branches: branches.map(({ key }) => key) },
    code: [import.meta, method.code],
    output: fittedSchema,
  }, async (cell) => {
    const models = [{ name: "seed", weights: seed.value.weights }];
    const parts = [];
    for (const { folder } of branches) {
      parts.push((await loadMerge(mergeFile(folder), file, [seed.value.weights])).weights);
    }
    const weights = method.join(parts);
    await saveMerge(mergeFile(cell.folder), { method: { kind: file.kind, config }, weights, models });
    const values = branches.map(({ value }) => value);
    return {
      tokens: values.reduce((sum, { tokens }) => sum + tokens!, 0),
      seconds: values.reduce((sum, { seconds }) => sum + seconds!, 0),
      peakBytes: null,
      weights: hashTensors(weights),
    };
  });
}

/** The cell of one branch: `flexolmo:code`. */
export const branchName = ({ name }: BranchedMethod, domain: string): string => `${name}:${domain}`;
