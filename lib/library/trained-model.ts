// A trained model with its tokenizer: text in, text or numbers out, and its tensors freed at the end.
import * as tf from "@tensorflow/tfjs";
import type { ParameterCounts } from "../bts/mod.ts";
import type { Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { documentLosses, evaluationWindows, generateGreedily } from "../eval/mod.ts";
import type { DecodingState, LanguageModel, LogitsOptions, ModelConfig } from "../model/mod.ts";
import type { OpenedModel } from "./open-model.ts";

/** How to continue a prompt. */
export interface GenerateOptions {
  /** Maximum number of tokens to generate; fewer if the context is full. @default 64 */
  readonly maxTokens?: number;
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
   * Continues a prompt with the most likely token, repeatedly, until `<|endoftext|>`, another token that
   * `generation_config.json` says ends a text, or `maxTokens` tokens.
   *
   * @returns the continuation without the prompt
   * @throws UserError `generate.length` when the prompt fills the context, `generate.tokens` for a wrong `maxTokens`
   */
  generate(prompt: string, options?: GenerateOptions): Promise<string>;
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
  return {
    name,
    config,
    parameters,
    tokenizer,
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
    async generate(prompt, { maxTokens = DEFAULT_TOKENS, signal } = {}) {
      if (!Number.isInteger(maxTokens) || maxTokens < 1) {
        throw new UserError("generate.tokens", `maxTokens must be a positive integer, not ${maxTokens}`);
      }
      const ids = read(prompt);
      const room = contextLength - ids.length;
      if (room < 1) {
        throw new UserError(
          "generate.length",
          `The prompt has ${ids.length} tokens with <|endoftext|>, but the model takes ${contextLength} at once, the ` +
            "generated ones included",
          "give a shorter prompt",
        );
      }
      const stop = (id: number) => id === tokenizer.endOfText || ends.includes(id);
      const [written] = await generateGreedily(live(), [ids], Math.min(maxTokens, room), stop, { signal });
      return tokenizer.decode(stop(written!.at(-1)!) ? written!.slice(0, -1) : written!);
    },
    async score(text, { signal } = {}) {
      if (text === "") throw new UserError("score.text", "Cannot score an empty text: give at least one character");
      const windows = evaluationWindows([{ id: "text", text }], tokenizer, { time: contextLength });
      const losses = await documentLosses(live(), windows, { signal });
      const [nll, bytes] = [losses.nll[0]!, losses.bytes[0]!];
      const tokens = windows.reduce((sum, window) => sum + window.tokens.length - 1, 0);
      return { bitsPerByte: nll / (Math.LN2 * bytes), logLikelihood: -nll, tokens, bytes };
    },
    [Symbol.dispose]() {
      if (!disposed) dispose();
      disposed = true;
    },
  };
}
