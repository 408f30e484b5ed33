// The cells that train whole decoders: the seed model and the experts branched from it.
import type { Batch } from "../data/mod.ts";
import { hashTensors, saveModelFolder } from "../huggingface/mod.ts";
import { type HostWeights, initialWeights, toHost, toVariables } from "../model/mod.ts";
import type { CellResult, CodeModule } from "../run/mod.ts";
import { pretraining, type TrainConfig } from "../train/mod.ts";
import { conventionsOf, isBrought, ownConventions } from "./brought.ts";
import { broughtCell } from "./brought-cell.ts";
import type { BtsConfig } from "./config.ts";
import { decoderCost } from "./cost.ts";
import { expertMix } from "./expert-mix.ts";
import { batchesOf, type Lab, modelOf, weightsOf } from "./lab.ts";
import { openStreams, readTokenizer, type Text, type TokenStreams } from "./text.ts";
import { familyOf, monitored, phaseInCell, trainAndSummarize, type Trained, trainedSchema } from "./training.ts";

/** Pretrains the seed model, or takes it from `pretrained.seed`. */
export function trainSeed(lab: Lab, text: Text): Promise<CellResult<Trained>> {
  const { config, rngSeed } = lab;
  if (isBrought(config, "seed")) return broughtCell(lab, text, "seed");
  return decoderCell(lab, text, {
    name: "seed",
    title: "Train the seed",
    description: "The model that the experts branch from, pretrained on a mix of all domains.",
    inputs: { start: { rngSeed } },
    mix: config.mix.seed,
    train: config.train.seed,
    start: () => Promise.resolve(initialWeights(modelOf(lab, text), rngSeed)),
  });
}

/**
 * Branches an expert from the seed model and continues its pretraining on one domain, or takes it from
 * `pretrained.<domain>`.
 */
export function trainExpert(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  domain: string,
): Promise<CellResult<Trained>> {
  if (isBrought(lab.config, domain)) return broughtCell(lab, text, domain);
  return decoderCell(lab, text, {
    ...expertPhase(lab.config, domain),
    title: `Train the ${domain} expert`,
    description: `A copy of the seed, trained further on ${domain} alone, independently of the other experts.`,
    inputs: { start: seed.key },
    start: () => weightsOf(seed),
  });
}

/** The name of an expert's cell, which decides the order of its batches, its datamix and the settings of its training. */
export function expertPhase(config: BtsConfig, domain: string): Pick<DecoderPhase, "name" | "mix" | "train"> {
  return { name: `expert:${domain}`, mix: expertMix(config, domain), train: config.train.expert };
}

/** A training phase of a whole decoder. */
export interface DecoderPhase {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputs: object;
  readonly mix: Readonly<Record<string, number>>;
  readonly train: TrainConfig;
  readonly start: () => Promise<HostWeights>;
  /** The batch of a step, if it is not drawn from the mix; `inputs` must include everything it depends on. */
  readonly batchAt?: (streams: TokenStreams) => (step: number) => Batch;
  /** The modules that define `start` and `batchAt`, if not this one. */
  readonly code?: readonly CodeModule[];
}

/** The cell that trains a decoder and saves it as a model folder. */
export function decoderCell(lab: Lab, text: Text, phase: DecoderPhase): Promise<CellResult<Trained>> {
  const { name, title, description, mix, train } = phase;
  const model = modelOf(lab, text);
  const conventions = ownConventions(lab);
  const inputs = {
    kind: "decoder",
    ...phase.inputs,
    model,
    mix,
    train,
    ...monitored(lab),
    validationBatches: lab.config.train.validationBatches,
    text: text.content,
    order: [lab.rngSeed, name],
    ...(Object.keys(conventions).length === 0 ? {} : { conventions }),
  };
  return lab.run.cell({
    name,
    title,
    description,
    inputs,
    family: familyOf(inputs),
    code: [import.meta, ...phase.code ?? []],
    device: lab.device,
    output: trainedSchema,
    cost: () => decoderCost(model, train),
  }, async (cell) => {
    const streams = openStreams(text);
    using variables = toVariables(await phase.start());
    const { batchAt, validation } = batchesOf(lab, streams, name, mix, train);
    const task = pretraining(model, variables, {
      ...await phaseInCell(lab, cell, train),
      batchAt: phase.batchAt?.(streams) ?? batchAt,
      validation,
    });
    const outcome = await trainAndSummarize(cell, task, model.vocabSize);
    const weights = await toHost(variables);
    await saveModelFolder(cell.folder, {
      config: model,
      tensors: weights,
      tokenizer: await readTokenizer(text),
      ...conventionsOf(lab),
    });
    return { ...outcome, weights: hashTensors(weights) };
  });
}
