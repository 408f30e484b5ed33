// Parameters that completions and chat completions share, as OpenAI names them, and what the engine gets for them.
import { z } from "@hono/zod-openapi";
import type { Tokenizer } from "../data/mod.ts";
import type { SamplingSettings } from "../infer/mod.ts";
import { invalidParameter } from "./errors.ts";
import { stopsAtFirst } from "./lists.ts";

/** Most choices for one prompt. */
const MOST_CHOICES = 128;
/** Most texts that end a choice. */
const MOST_STOPS = 16;
/** Most alternatives that are reported for each token. */
export const MOST_LOGPROBS = 20;

/** A parameter of OpenAI's that would change the result, and that this server cannot follow: only null is accepted. */
export const unsupported = z.null().optional().openapi({ description: "Not supported" });

/** Null means what leaving a parameter out means. */
const optional = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  schema.nullish().openapi({ description });

const stopText = z.string().min(1);

export const sharedShape = {
  model: z.string().openapi({ description: "A name of `/v1/models`" }),
  temperature: optional(z.number().min(0).max(2), "0 takes the most likely token. Default 1"),
  top_p: optional(z.number().min(0).max(1), "Nucleus sampling. Default 1"),
  top_k: optional(z.int().min(0), "Only the k most likely tokens; 0 for all. Default 0"),
  min_p: optional(z.number().min(0).max(1), "Only tokens with this share of the largest probability. Default 0"),
  repetition_penalty: optional(z.number().min(0.01).max(10), "Of tokens of the prompt and the text. Default 1"),
  presence_penalty: optional(z.number().min(-2).max(2), "Once for each generated token. Default 0"),
  frequency_penalty: optional(z.number().min(-2).max(2), "For each time that a token was generated. Default 0"),
  logit_bias: optional(z.record(z.string(), z.number().min(-100).max(100)), "Added to logits, by token id"),
  seed: optional(z.int(), "The same seed draws the same text. Default: a random one"),
  n: optional(z.int().min(1).max(MOST_CHOICES), "Choices for each prompt. Default 1"),
  stop: optional(
    stopsAtFirst(
      z.union([stopText, z.array(stopText).max(MOST_STOPS)], {
        error: `expected a text that is not empty, or a list of up to ${MOST_STOPS}`,
      }),
      () => stopText,
    ),
    "Texts that end the result, and are not part of it",
  ),
  stream: optional(z.boolean(), "Server-sent events as tokens come. Default false"),
  stream_options: optional(
    z.strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.literal(false).nullish() }),
    "`include_usage` adds a last event with the numbers of tokens",
  ),
  gates: optional(z.boolean(), "An extension: how much of each model that it is made of goes into each token"),
  without: optional(
    stopsAtFirst(z.array(z.string()).max(1000), () => z.string()),
    "An extension: models that it is made of and that take no part, by their names in `gates`: `expert:code`",
  ),
  skip: optional(
    z.strictObject({
      below: z.number().min(0).max(1).openapi({ description: "A mean gate below which an expert rests; 0 for none" }),
      above: optional(z.number().min(0).max(1), "A mean gate at which it comes back. Default 1.5 times `below`"),
      every: optional(z.int().min(0), "Tokens between decisions; 0 for one, after the prompt. Default 16"),
    }),
    "An extension, for stitched models: experts with small gates are not run. The answer's `skipped` tells what was",
  ),
  user: optional(z.string(), "Has no effect"),
} as const;

export type SharedParameters = z.infer<z.ZodObject<typeof sharedShape>>;

/** @throws ApiError for combinations that make no sense, and ids outside the vocabulary */
export function checkShared({ stream, stream_options, logit_bias }: SharedParameters, vocabSize: number): void {
  if (stream_options && !stream) {
    throw invalidParameter("stream_options", "'stream_options' is only for requests with stream: true");
  }
  for (const key of Object.keys(logit_bias ?? {})) {
    if (/^\d+$/.test(key) && Number(key) < vocabSize) continue;
    throw invalidParameter(
      `logit_bias.${key}`,
      `Invalid 'logit_bias': its keys are token ids from 0 to ${vocabSize - 1}, not "${key}"`,
    );
  }
}

/**
 * The sampling settings of a choice.
 *
 * @param seed the request's seed
 * @param choice index of the choice for its prompt; each draws in its own way
 */
export function samplingOf(request: SharedParameters, seed: number, choice: number): SamplingSettings {
  const { logit_bias } = request;
  return {
    temperature: request.temperature ?? 1,
    topP: request.top_p ?? 1,
    topK: request.top_k ?? 0,
    minP: request.min_p ?? 0,
    repetitionPenalty: request.repetition_penalty ?? 1,
    presencePenalty: request.presence_penalty ?? 0,
    frequencyPenalty: request.frequency_penalty ?? 0,
    ...(logit_bias ? { logitBias: new Map(Object.entries(logit_bias).map(([id, bias]) => [Number(id), bias])) } : {}),
    // Stays an exact integer for the largest seed.
    seed: seed > 0 ? seed - choice : seed + choice,
  };
}

/** The request's seed, or a random one. */
export function seedOf({ seed }: SharedParameters): number {
  return seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** The texts that end a choice. */
export function stopsOf({ stop }: SharedParameters): readonly string[] {
  return [stop ?? []].flat();
}

/** Characters per token of a text's beginning that is encoded first; few texts have more. */
const BEGINNING = 16;
/** Tokens by which the cut may change the beginning. */
const AROUND_CUT = 16;

/**
 * The ids of a text. Of one that is much too long only the beginning is encoded, so that it costs others no time.
 *
 * @param param the parameter that holds it
 * @throws ApiError `context_length_exceeded` for a text that is longer than the context by far
 */
export function encodePrompt(text: string, tokenizer: Tokenizer, contextLength: number, param: string): number[] {
  if (text.length > BEGINNING * contextLength) {
    const least = tokenizer.encode(text.slice(0, BEGINNING * contextLength)).length - AROUND_CUT;
    if (least > contextLength) {
      throw invalidParameter(
        param,
        `The model's context has ${contextLength} tokens, but the prompt has more than ${least}`,
        "context_length_exceeded",
      );
    }
  }
  return tokenizer.encode(text);
}

/**
 * Refuses a prompt that does not fit, with the tokens that are to follow it.
 *
 * @param asked most tokens to generate, if the request says so
 * @param param the parameter that holds the prompt
 * @returns most tokens to generate
 * @throws ApiError `context_length_exceeded`
 */
export function tokensToGenerate(
  prompt: number,
  asked: number | undefined,
  contextLength: number,
  param: string,
): number {
  const most = asked ?? Math.max(1, contextLength - prompt);
  if (prompt + most <= contextLength) return most;
  throw invalidParameter(
    param,
    `The model's context has ${contextLength} tokens, but the request needs ${
      prompt + most
    }: ${prompt} of the prompt and ` +
      `${most} to generate`,
    "context_length_exceeded",
  );
}
