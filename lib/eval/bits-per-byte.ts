// Bits per byte: a measure of language models that is independent of their tokenizers.
import type { LanguageModel } from "../model/mod.ts";
import {
  bootstrapBitsPerByte,
  type BootstrapOptions,
  type DocumentLosses,
  type DocumentsEstimate,
} from "../run/mod.ts";
import { rowLosses, rowPredictions } from "./batches.ts";
import type { EvaluationOptions } from "./types.ts";
import type { EvaluationWindow } from "./windows.ts";

/** The scored tokens of a document, in order: how sure the model was of its most likely token, and whether it came. */
export interface DocumentPredictions {
  /** Probability of the most likely token. */
  readonly confidence: Float32Array;
  /** 1 where the most likely token is the document's, otherwise 0. */
  readonly right: Uint8Array;
}

/** A model on the held-out documents of a domain. */
export interface HeldOut extends DocumentLosses {
  /** By document; undefined if only the losses are known. */
  readonly predictions: readonly DocumentPredictions[] | undefined;
}

/** The total loss of each document's windows, and the predictions of its tokens, in the order of the documents. */
export async function heldOut(
  model: LanguageModel,
  windows: readonly EvaluationWindow[],
  options: EvaluationOptions = {},
): Promise<HeldOut> {
  const { nll, tops } = await rowPredictions(model, windows.map(rowOf), options);
  const predictions = tops.some((row) => row === undefined) ? undefined : byDocument(windows).map((indices) => ({
    confidence: Float32Array.from(indices.flatMap((i) => scoredOf(windows[i]!, [...tops[i]!.confidence]))),
    right: Uint8Array.from(indices.flatMap((i) => {
      const { tokens } = windows[i]!;
      return scoredOf(windows[i]!, Array.from(tops[i]!.ids, (id, t) => Number(id === tokens[t + 1])));
    })),
  }));
  return { ...totals(windows, nll), predictions };
}

/** The total loss of each document's windows, in the order of the documents. */
export async function documentLosses(
  model: LanguageModel,
  windows: readonly EvaluationWindow[],
  options: EvaluationOptions = {},
): Promise<DocumentLosses> {
  return totals(windows, await rowLosses(model, windows.map(rowOf), options));
}

const rowOf = ({ tokens, scored }: EvaluationWindow) => ({ tokens, scored, from: 1 });

/** The values of the scored tokens. @param values of the tokens after the first */
function scoredOf({ scored }: EvaluationWindow, values: number[]): number[] {
  return scored === undefined ? values : values.filter((_, t) => scored[t + 1] === 1);
}

/** Indices of the windows of each document, in the order of the documents. */
function byDocument(windows: readonly EvaluationWindow[]): number[][] {
  const groups = Map.groupBy(windows.keys(), (i) => windows[i]!.document);
  return [...groups].sort(([a], [b]) => a - b).map(([, indices]) => indices);
}

/** @param nll of each window */
function totals(windows: readonly EvaluationWindow[], nll: Float64Array): DocumentLosses {
  const documents = byDocument(windows);
  const total = (values: (index: number) => number) =>
    Float64Array.from(documents, (indices) => indices.reduce((sum, index) => sum + values(index), 0));
  return { nll: total((i) => nll[i]!), bytes: total((i) => windows[i]!.bytes) };
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
