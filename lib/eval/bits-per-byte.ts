// Bits per byte: a measure of language models that is independent of their tokenizers.
import type { LanguageModel } from "../model/mod.ts";
import { rowLosses } from "./batches.ts";
import {
  bootstrapBitsPerByte,
  type BootstrapOptions,
  type DocumentLosses,
  type DocumentsEstimate,
} from "./intervals.ts";
import type { EvaluationOptions } from "./types.ts";
import type { EvaluationWindow } from "./windows.ts";

/** The total loss of each document's windows, in the order of the documents. */
export async function documentLosses(
  model: LanguageModel,
  windows: readonly EvaluationWindow[],
  options: EvaluationOptions = {},
): Promise<DocumentLosses> {
  const losses = await rowLosses(model, windows.map(({ tokens }) => ({ tokens, from: 1 })), options);
  const documents = new Map<number, { nll: number; bytes: number }>();
  windows.forEach(({ document, bytes }, i) => {
    const { nll, bytes: before } = documents.get(document) ?? { nll: 0, bytes: 0 };
    documents.set(document, { nll: nll + losses[i]!, bytes: before + bytes });
  });
  const sorted = [...documents].sort(([a], [b]) => a - b).map(([, document]) => document);
  return {
    nll: Float64Array.from(sorted, ({ nll }) => nll),
    bytes: Float64Array.from(sorted, ({ bytes }) => bytes),
  };
}

/**
 * Σ nll / (ln 2 · Σ bytes) over windows, with the 95 % interval of a bootstrap over documents.
 *
 * @param windows at least one
 * @returns the estimate, whose `samples` are documents, and the losses of each document
 * @throws UserError `eval.not-finite`
 *
 * @example
 * ```ts
 * import { openTokenizer, trainTokenizer } from "@stitchbook/stitchbook/data";
 * import { bitsPerByte, evaluationWindows } from "@stitchbook/stitchbook/eval";
 * import { decoder, initialWeights, modelConfigSchema, toDevice } from "@stitchbook/stitchbook/model";
 * import { openDevice } from "@stitchbook/stitchbook/tensor";
 * import assert from "node:assert/strict";
 *
 * await using _device = await openDevice("reference");
 * const tokenizer = openTokenizer(trainTokenizer([], { vocabSize: 257 })); // one token per byte
 * const config = modelConfigSchema.parse({ vocabSize: 257, width: 16, layers: 1, inner: 32, contextLength: 32 });
 * using weights = toDevice(initialWeights(config, 1));
 * const windows = evaluationWindows([{ id: "a", text: "What is 3 plus 4?" }], tokenizer, { time: 32 });
 * const { bpb } = await bitsPerByte(decoder(config, weights), windows);
 * assert.ok(Math.abs(bpb.value - Math.log2(257)) < 0.1); // an untrained model guesses
 * ```
 */
export async function bitsPerByte(
  model: LanguageModel,
  windows: readonly EvaluationWindow[],
  options: EvaluationOptions & BootstrapOptions = {},
): Promise<{ bpb: DocumentsEstimate; documents: DocumentLosses }> {
  const documents = await documentLosses(model, windows, options);
  return { bpb: bootstrapBitsPerByte([documents], options), documents };
}
