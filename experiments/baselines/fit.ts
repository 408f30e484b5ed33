// The cells of methods that are computed from a few documents of each domain.
import { z } from "zod";
import { type FittedMethod, mergeFile, saveMerge } from "../../lib/baselines/mod.ts";
import { modelOf, openStreams, type Text, weightsOf } from "../../lib/bts/mod.ts";
import { sampleDocuments } from "../../lib/data/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { hash32 } from "../../lib/random.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import { watchPeak } from "../../lib/tensor/mod.ts";
import { fittingCost } from "./cost.ts";
import { type BaselinesLab, type Branches, partsOf, phraseOf, settingsOf } from "./method.ts";

/** The output of a cell whose method is not trained in it. */
export const fittedSchema = z.strictObject({
  /** Tokens read, or trained on in the cells that it puts together. */
  tokens: z.int(),
  seconds: z.number(),
  /** Peak size of all tensors in bytes; null if the device does not report it. */
  peakBytes: z.number().nullable(),
  /** Content hash of the computed parameters. */
  weights: z.string(),
});

export type FittedCell = z.infer<typeof fittedSchema>;

/** Computes a method's parameters from documents of the training text. */
export function fitMethod(
  lab: BaselinesLab,
  text: Text,
  branches: Branches,
  method: FittedMethod,
): Promise<CellResult<FittedCell>> {
  const { config, rngSeed } = lab;
  const { name, file } = method;
  const model = modelOf(lab, text);
  const settings = method.configOf(settingsOf(config));
  const parts = partsOf(method, branches);
  const domains = domainsOf([...parts.keys()], Object.keys(config.data.domains));
  return lab.run.cell({
    name,
    title: `Compute ${phraseOf(method)}`,
    description: "From the same seed and experts, without training.",
    inputs: {
      kind: "fit",
      method: { kind: file.kind, config: settings },
      rngSeed,
      models: [...parts.values()].map(({ key }) => key),
      domains,
      text: text.content,
    },
    code: [import.meta, method.code],
    device: lab.device,
    output: fittedSchema,
    cost: () => fittingCost(config, model, method),
  }, async (cell) => {
    const models = await Promise.all([...parts.values()].map(weightsOf));
    const streams = openStreams(text);
    const peak = watchPeak();
    const began = performance.now();
    const reads = method.reads(settings);
    const limit = { ...reads, tokens: Math.min(reads.tokens, model.contextLength) };
    const documents = domains.map((own) =>
      own.flatMap((domain) => sampleDocuments(streams[domain]!.train, { ...limit, seed: hash32(rngSeed, domain) }))
    );
    const { weights, tokens, outcome } = await method.fit({ model, config: settings, models, rngSeed, documents });
    const seconds = (performance.now() - began) / 1000;
    cell.summary(outcome);
    await saveMerge(mergeFile(cell.folder), {
      method: { kind: file.kind, config: settings },
      weights,
      models: [...parts].map(([name, { value }]) => ({ name, weights: value.weights })),
    });
    return { tokens, seconds, peakBytes: peak() ?? null, weights: hashTensors(weights) };
  });
}

/** The domains of each model: an expert's own, and for the seed all that no expert has. */
function domainsOf(models: readonly string[], domains: readonly string[]): string[][] {
  return models.map((name) => name === "seed" ? domains.filter((domain) => !models.includes(domain)) : [name]);
}
