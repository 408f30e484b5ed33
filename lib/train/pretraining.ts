// The training task of a whole decoder.
import type * as tf from "@tensorflow/tfjs";
import { headLoss, hiddenStates, type ModelConfig } from "../model/mod.ts";
import { pretrainFlops } from "./cost.ts";
import { phase, type PhaseOptions } from "./phase.ts";
import type { DeviceBatch, TrainTask } from "./task.ts";

/**
 * Next-token training of all weights of a decoder.
 *
 * @example
 * ```ts
 * import { batchAt, openTokenizer, tokenizeDocuments, trainTokenizer } from "@stitchbook/stitchbook/data";
 * import { initialWeights, modelConfigSchema, toVariables } from "@stitchbook/stitchbook/model";
 * import { openDevice } from "@stitchbook/stitchbook/tensor";
 * import { pretraining, train, trainConfigSchema } from "@stitchbook/stitchbook/train";
 * import assert from "node:assert/strict";
 *
 * const text = "What is 3 plus 4? The answer is 7. ".repeat(20);
 * const tokenizer = openTokenizer(trainTokenizer([text], { vocabSize: 280 }));
 * const streams = { text: tokenizeDocuments([{ text }], tokenizer) };
 * const model = modelConfigSchema.parse({ vocabSize: 280, width: 32, layers: 1, inner: 64, contextLength: 16 });
 * const config = trainConfigSchema.parse({ steps: 20, batch: 4, warmup: 5 });
 *
 * await using _device = await openDevice("cpu", { threads: 1 });
 * using weights = toVariables(initialWeights(model, 1));
 * const { loss } = await train(pretraining(model, weights, {
 *   config,
 *   batchAt: (step) => batchAt(streams, { text: 1 }, { seed: 1, step, batch: config.batch, time: 16 }),
 *   validation: [],
 * }));
 * assert.ok(loss < Math.log(280)); // better than a guess, in nats per token
 * ```
 */
export function pretraining(
  model: ModelConfig,
  parameters: Readonly<Record<string, tf.Variable>>,
  options: PhaseOptions,
): TrainTask {
  const { activations } = options.config;
  const loss = ({ inputs, targets, documents, scored }: DeviceBatch) =>
    headLoss(model, parameters, hiddenStates(model, parameters, inputs, { documents, activations }), targets, scored);
  return {
    ...phase(options, loss),
    parameters,
    flopsPerToken: pretrainFlops(model),
    loss,
  };
}
