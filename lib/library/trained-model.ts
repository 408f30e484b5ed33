// A trained model with its tokenizer: text in, text or numbers out, and its tensors freed at the end.
import * as tf from "@tensorflow/tfjs";
import type { ParameterCounts } from "../bts/mod.ts";
import type { Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { documentLosses, evaluationWindows } from "../eval/mod.ts";
import {
  createEngine,
  type InferenceEngine,
  type SamplingSettings,
  type SkippingSettings,
  type TokenConstraint,
} from "../infer/mod.ts";
import type { DecodingState, LanguageModel, LogitsOptions, ModelConfig } from "../model/mod.ts";
import type { OpenedModel } from "./open-model.ts";

/** How to continue a prompt. By default each token is the most likely one (`temperature: 0`). */
export interface GenerateOptions extends SamplingSettings {
  /** Maximum number of tokens to generate; fewer if the context is full. @default 64 */
  readonly maxTokens?: number;
  /** Texts that end the generation where they appear, and are not part of it. */
  readonly stop?: readonly string[];
  /** What may be written, such as text that fits a JSON schema; for one generation only. */
  readonly constraint?: TokenConstraint;
  /** Lets experts with small gates rest, of a stitched model. @default none rests */
  readonly skip?: SkippingSettings;
  /** Stops the generation by throwing the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How well a model predicts a text. */
export interface TextScore {
  /** Bits per UTF-8 byte of the text; lower is better. */
  readonly bitsPerByte: number;
  /** The natural logarithm of the text's probability, in nats. */
  readonly logLikelihood: number;
  /** Scored tokens. */
  readonly tokens: number;
  /** UTF-8 bytes. */
  readonly bytes: number;
}

/** A model of a run on the device; `using` frees it. */
export interface TrainedModel extends LanguageModel, Disposable {
  /** Its name in the run's results: `seed`, `expert:code`, `soup`, `bts`. */
  readonly name: string;
  /** The shape of its decoders. */
  readonly config: ModelConfig;
  /** Numbers of parameters: trained for this model, in memory, used per token. */
  readonly parameters: ParameterCounts;
  /** Its text to token ids and back, with special tokens. */
  readonly tokenizer: Tokenizer;
  /** Ids of the tokens that end a text, besides `<|endoftext|>`. */
  readonly ends: readonly number[];
  /** Token ids of a text, without the `<|endoftext|>` that opens a document. */
  tokenize(text: string): number[];
  /** The text of token ids. */
  decode(ids: readonly number[]): string;
  /**
   * The logits after each token of `<|endoftext|>` and a text, float32 `[1, time, vocab]`. The caller disposes of them.
   *
   * @throws UserError `model.context` when the text is longer than the context
   */
  logits(text: string): tf.Tensor3D;
  logits(ids: tf.Tensor2D, states?: readonly DecodingState[], options?: LogitsOptions): tf.Tensor3D;
  /**
   * Continues a prompt until `<|endoftext|>`, another token that `generation_config.json` says ends a text, a text of
   * `stop`, or `maxTokens` tokens. Generations that are in progress at the same time share the work, and do not change each
   * other.
   *
   * @returns the continuation without the prompt
   * @throws UserError `generate.length` when the prompt fills the context, `generate.tokens` for a wrong `maxTokens`,
   *   `generate.sampling`, `generate.stop`, `generate.skip`
   */
  generate(prompt: string, options?: GenerateOptions): Promise<string>;
  /**
   * The same, piece by piece, as soon as each is certain.
   *
   * @throws UserError as {@linkcode TrainedModel.generate} does, before the first piece
   */
  stream(prompt: string, options?: GenerateOptions): AsyncGenerator<string, void, void>;
  /**
   * Scores a text as the held-out documents are scored: in windows of the context length, each read from its start.
   *
   * @throws UserError `score.text` for an empty text, `eval.not-finite` after diverged training
   */
  score(text: string, options?: Pick<GenerateOptions, "signal">): Promise<TextScore>;
}

const DEFAULT_TOKENS = 64;

/** Adds text to a model on the device. */
export function trainedModel(
  name: string,
  { model, tokenizer, ends, config, parameters }: OpenedModel,
  dispose: () => void,
): TrainedModel {
  const { contextLength } = model;
  let disposed = false;
  const live = (): LanguageModel => {
    if (!disposed) return model;
    throw new UserError("model.disposed", `The model ${name} was used after it was disposed of`);
  };
  const read = (text: string) => [tokenizer.endOfText, ...tokenizer.encode(text)];
  let engine: InferenceEngine | undefined;
  async function* stream(prompt: string, options: GenerateOptions = {}): AsyncGenerator<string, void, void> {
    const { maxTokens = DEFAULT_TOKENS, stop, constraint, skip, signal, ...sampling } = options;
    if (!Number.isInteger(maxTokens) || maxTokens < 1) {
      throw new UserError("generate.tokens", `maxTokens must be a positive integer, not ${maxTokens}`);
    }
    engine ??= createEngine(live(), tokenizer, ends, { prefixBytes: 0 });
    const tokens = engine.generate({
      prompt: read(prompt),
      maxTokens,
      sampling: { temperature: 0, ...sampling },
      ...(stop && { stop }),
      ...(constraint && { constraint }),
      ...(skip && { skip }),
      ...(signal && { signal }),
    });
    try {
      while (true) {
        const { done, value } = await tokens.next();
        if (value.text !== "") yield value.text;
        signal?.throwIfAborted();
        if (done) return;
      }
    } finally {
      await tokens.return(undefined as never); // frees its place if the reader leaves
    }
  }
  return {
    name,
    config,
    parameters,
    tokenizer,
    ends,
    vocabSize: model.vocabSize,
    contextLength,
    tokenize: (text) => tokenizer.encode(text),
    decode: (ids) => tokenizer.decode(ids),
    decodingState: () => live().decodingState(),
    ...(model.losses === undefined ? {} : { losses: (ids, targets) => live().losses!(ids, targets) }),
    ...(model.predictions === undefined ? {} : { predictions: (ids, targets) => live().predictions!(ids, targets) }),
    promptAtOnce: model.promptAtOnce ?? false,
    logits: (input: string | tf.Tensor2D, states?: readonly DecodingState[], options?: LogitsOptions) =>
      typeof input === "string"
        ? tf.tidy(() => live().logits(tf.tensor2d([read(input)], undefined, "int32")))
        : live().logits(input, states, options),
    async generate(prompt, options) {
      let text = "";
      for await (const piece of stream(prompt, options)) text += piece;
      return text;
    },
    stream,
    async score(text, { signal } = {}) {
      if (text === "") throw new UserError("score.text", "Cannot score an empty text: give at least one character");
      const windows = evaluationWindows([{ id: "text", text }], tokenizer, { time: contextLength });
      const losses = await documentLosses(live(), windows, { signal });
      const [nll, bytes] = [losses.nll[0]!, losses.bytes[0]!];
      const tokens = windows.reduce((sum, window) => sum + window.tokens.length - 1, 0);
      return { bitsPerByte: nll / (Math.LN2 * bytes), logLikelihood: -nll, tokens, bytes };
    },
    [Symbol.dispose]() {
      if (!disposed) {
        void engine?.[Symbol.asyncDispose]();
        dispose();
      }
      disposed = true;
    },
  };
}
