// The training cells: tokens, seed, experts, stitches. Each is cached by what it depends on.
import { join } from "node:path";
import { z } from "zod";
import { type Batch, openTokenizer, tokenizeDocuments, trainTokenizer } from "../data/mod.ts";
import { hashTensors, saveModelFolder } from "../huggingface/mod.ts";
import { disposeWeights, type HostWeights, initialWeights, toHost, toVariables } from "../model/mod.ts";
import type { CellResult } from "../run/mod.ts";
import {
  disposeFrozen,
  freezeModels,
  hashFrozen,
  initialStitches,
  placeStitches,
  saveStitches,
  stitchModels,
} from "../stitch/mod.ts";
import { pretraining, stitching, type TrainConfig } from "../train/mod.ts";
import {
  batchesOf,
  type Bytes,
  type Lab,
  modelOf,
  readText,
  streamFiles,
  type Text,
  weightsOf,
  writeInts,
} from "./lab.ts";
import { rolesOf } from "./roles.ts";
import { dataTable } from "./tables.ts";
import { familyOf, monitored, phaseInCell, trainAndSummarise } from "./training.ts";

// The order of the text (`batchAt()` in lib/data) is in a training cell's key by the key of the text's own cell.
const OWN_CODE = [
  "lib/bts/lab.ts",
  "lib/bts/phases.ts",
  "lib/bts/training.ts",
  "lib/random.ts",
];
const DATA_CODE = [...OWN_CODE, "lib/data"];
/** What decides how a training cell comes out, besides what is special to its method. */
export const TRAINING_CODE = [...OWN_CODE, "lib/tensor", "lib/model", "lib/huggingface", "lib/train"];
const STITCH_CODE = [...TRAINING_CODE, "lib/stitch"];

/** What a training cell returns, as the cache checks it. */
export const trainedSchema = z.strictObject({
  steps: z.int(),
  tokens: z.int(),
  seconds: z.number(),
  loss: z.number(),
  validation: z.number().nullable(),
  /** The most bytes that tensors held at once, all models included; null where the device cannot tell. */
  peakBytes: z.number().nullable(),
  /** Content hash of the weights. */
  weights: z.string(),
});

/** What a training cell returns. */
export type Trained = z.infer<typeof trainedSchema>;

// ----------------------------------------------------------------------------------------------------------------
// Text to tokens
// ----------------------------------------------------------------------------------------------------------------

/** Trains the tokenizer on the seed's mix and tokenizes every split. */
export async function tokenize(lab: Lab): Promise<Text> {
  const { run, config, corpus } = lab;
  const cell = await run.cell({
    name: "data",
    title: "Text and tokenizer",
    description: "Four domains, split by document, and a byte-level BPE trained on the seed's mix.",
    inputs: { kind: "tokens", data: corpus.fingerprint, tokenizer: config.tokenizer, mix: config.mix.seed },
    code: DATA_CODE,
    output: z.strictObject({ vocabSize: z.int(), bytes: z.record(z.string(), z.record(z.string(), z.number())) }),
  }, async (cell) => {
    const json = trainTokenizer(tokenizerText(lab), { vocabSize: config.tokenizer.vocabSize });
    const tokenizer = openTokenizer(json);
    await Deno.writeTextFile(join(cell.folder, "tokenizer.json"), JSON.stringify(json));
    const bytes: Record<string, Record<string, number>> = {};
    const tokens: Record<string, Record<string, number>> = {};
    for (const domain of corpus.domains) {
      bytes[domain] = {};
      tokens[domain] = {};
      for (const split of ["train", "validation", "heldout"] as const) {
        const stream = tokenizeDocuments(corpus.documents[domain]![split], tokenizer);
        const files = streamFiles(cell.folder, domain, split);
        await writeInts(files.tokens, stream.tokens);
        await writeInts(files.starts, stream.starts);
        bytes[domain][split] = stream.bytes;
        tokens[domain][split] = stream.tokens.length;
      }
    }
    cell.table(dataTable(corpus, bytes, tokens));
    cell.summary(`${tokenizer.vocabSize} tokens in the vocabulary`);
    return { vocabSize: tokenizer.vocabSize, bytes };
  });
  return await readText(cell.folder, cell.key, cell.value.bytes as Bytes);
}

/** Training text of all domains in the shares of the seed's mix, up to the tokenizer's budget. */
function* tokenizerText({ config, corpus }: Lab): Generator<string> {
  const total = Object.values(config.mix.seed).reduce((a, b) => a + b, 0);
  for (const [domain, weight] of Object.entries(config.mix.seed)) {
    let left = config.tokenizer.trainBytes * weight / total;
    for (const { text } of corpus.documents[domain]!.train) {
      if (left <= 0) break;
      yield text;
      left -= text.length;
    }
  }
}

// ----------------------------------------------------------------------------------------------------------------
// Branch and train
// ----------------------------------------------------------------------------------------------------------------

/** Pretrains the seed. */
export async function trainSeed(lab: Lab, text: Text): Promise<CellResult<Trained>> {
  const { config, seed } = lab;
  const model = modelOf(lab, text);
  return await decoderCell(lab, text, {
    name: "seed",
    title: "Train the seed",
    description: "The model that everything is branched from, pretrained on a mix of all domains.",
    inputs: { initialSeed: seed },
    mix: config.mix.seed,
    train: config.train.seed,
    start: () => Promise.resolve(initialWeights(model, seed)),
  });
}

/** Branches an expert from the seed and continues its pretraining on one domain. */
export async function trainExpert(
  lab: Lab,
  text: Text,
  seedCell: CellResult<Trained>,
  domain: string,
): Promise<CellResult<Trained>> {
  return await decoderCell(lab, text, {
    name: `expert:${domain}`,
    title: `Train the ${domain} expert`,
    description: `A copy of the seed, continued-pretrained on ${domain} alone, without a word to the others.`,
    inputs: { seed: seedCell.key },
    mix: expertMix(lab.config, domain),
    train: lab.config.train.expert,
    start: () => weightsOf(seedCell),
  });
}

/** The datamix of an expert: its own domain, and of the seed's mix what is left. */
export function expertMix({ mix }: Lab["config"], domain: string): Readonly<Record<string, number>> {
  const total = Object.values(mix.seed).reduce((a, b) => a + b, 0);
  const own: Record<string, number> = {};
  for (const [name, weight] of Object.entries(mix.seed)) own[name] = (1 - mix.expertShare) * weight / total;
  own[domain] = (own[domain] ?? 0) + mix.expertShare;
  return own;
}

/** One training of a whole decoder. */
export interface DecoderPhase {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputs: object;
  readonly mix: Readonly<Record<string, number>>;
  readonly train: TrainConfig;
  readonly start: () => Promise<HostWeights>;
  /** The batch of a step, where the mix alone does not draw it; `inputs` and `code` must say what it depends on. */
  readonly batchAt?: (step: number) => Batch;
  /** Further code that decides how it comes out. */
  readonly code?: readonly string[];
}

/** The cell that trains a decoder and saves it as a model folder. */
export function decoderCell(lab: Lab, text: Text, phase: DecoderPhase): Promise<CellResult<Trained>> {
  const model = modelOf(lab, text);
  const { name, mix } = phase;
  const inputs = {
    kind: "decoder",
    ...phase.inputs,
    model,
    mix,
    train: phase.train,
    ...monitored(lab),
    validationBatches: lab.config.train.validationBatches,
    text: text.key,
    order: [lab.seed, name],
    device: lab.device.numerics,
  };
  return lab.run.cell({
    name,
    title: phase.title,
    description: phase.description,
    inputs,
    family: familyOf(inputs),
    code: [...TRAINING_CODE, ...(phase.code ?? [])],
    output: trainedSchema,
  }, async (cell) => {
    const variables = toVariables(await phase.start());
    try {
      const { batchAt, validation } = batchesOf(lab, text, name, mix, phase.train);
      const task = pretraining(model, variables, {
        ...await phaseInCell(lab, cell, phase.train),
        batchAt: phase.batchAt ?? batchAt,
        validation,
      });
      const outcome = await trainAndSummarise(cell, task, model.vocabSize);
      const weights = await toHost(variables);
      await saveModelFolder(cell.folder, { config: model, tensors: weights, tokenizer: text.tokenizerJson });
      return { ...outcome, weights: hashTensors(weights) };
    } finally {
      disposeWeights(variables);
    }
  });
}

// ----------------------------------------------------------------------------------------------------------------
// Stitch
// ----------------------------------------------------------------------------------------------------------------

/** What tells one training of stitches from others in the same run. */
export interface StitchPhase {
  /** Name of the cell. */
  readonly name: string;
  readonly title: string;
  /** Where the stitches start, where that is not their initialisation; `key` stands for it in the cell's own key. */
  readonly start?: { readonly key: string; readonly stitches: () => Promise<HostWeights> };
}

/** Freezes the seed and the experts, and trains the stitch layers between them. */
export async function trainStitches(
  lab: Lab,
  text: Text,
  seedCell: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  { name, title, start }: StitchPhase = { name: "stitch", title: "Train the stitches" },
): Promise<CellResult<Trained>> {
  const { config, seed } = lab;
  const model = modelOf(lab, text);
  const stitches = placeStitches(config.stitch, model.layers).length;
  const { hub: [, hubCell], spokes } = rolesOf(config, seedCell, experts);
  const inputs = {
    kind: "stitch",
    stitch: config.stitch,
    train: config.train.stitch,
    ...monitored(lab),
    validationBatches: config.train.validationBatches,
    mix: config.mix.stitch,
    seed,
    hub: hubCell.key,
    experts: spokes.map(([, expert]) => expert.key),
    ...(start === undefined ? {} : { start: start.key }),
    text: text.key,
    device: lab.device.numerics,
  };
  return await lab.run.cell({
    name,
    title,
    description: "Seed and experts frozen; only the layers between them learn, from the hub's next-token loss.",
    inputs,
    family: familyOf(inputs),
    code: STITCH_CODE,
    output: trainedSchema,
  }, async (cell) => {
    const models = await Promise.all([hubCell, ...spokes.map(([, expert]) => expert)].map(weightsOf));
    const frozen = freezeModels(model, config.stitch, models);
    const before = await hashFrozen(frozen);
    const size = { stitches, experts: spokes.length, width: model.width };
    const initial = await start?.stitches() ?? initialStitches(config.stitch, size, seed);
    const variables = toVariables(initial);
    try {
      const stitched = stitchModels({ config: model, stitch: config.stitch, ...frozen, stitches: variables });
      const { batchAt, validation } = batchesOf(lab, text, "stitch", config.mix.stitch, config.train.stitch);
      const task = stitching(stitched, variables, seed, {
        ...await phaseInCell(lab, cell, config.train.stitch),
        batchAt,
        validation,
      });
      const outcome = await trainAndSummarise(cell, task, model.vocabSize);
      if (await hashFrozen(frozen) !== before) throw new Error("Training the stitches changed a frozen weight");
      const weights = await toHost(variables);
      await saveStitches(stitchFile(cell.folder), {
        config: config.stitch,
        stitches: weights,
        hub: hubCell.value.weights,
        experts: spokes.map(([name, { value }]) => ({ name, weights: value.weights })),
      });
      return { ...outcome, weights: hashTensors(weights) };
    } finally {
      disposeFrozen(frozen);
      disposeWeights(variables);
    }
  });
}

/** The stitch file in the folder of the cell that trained the stitches. */
export function stitchFile(folder: string): string {
  return join(folder, "stitches.safetensors");
}

/** Frozen is frozen: throws if training changed a byte of what it must not touch. */
export async function assertFrozen(onDevice: readonly Parameters<typeof toHost>[0][], before: readonly HostWeights[]) {
  for (const [i, weights] of onDevice.entries()) {
    if (hashTensors(await toHost(weights)) !== hashTensors(before[i]!)) {
      throw new Error(`Training changed the frozen weights of model ${i}`);
    }
  }
}
