// What is asked of a model that generates text, and what comes back token by token.

import type { GatePlace } from "../model/mod.ts";

/** How the next token is drawn from the logits. Every setting's default changes nothing. */
export interface SamplingSettings {
  /** Divides the logits; 0 takes the most likely token (greedy). @default 1 */
  readonly temperature?: number;
  /** Only the k most likely tokens; 0 for all. @default 0 */
  readonly topK?: number;
  /** Only the most likely tokens whose probabilities reach this sum (nucleus sampling, arXiv 1904.09751). @default 1 */
  readonly topP?: number;
  /** Only tokens with at least this share of the largest probability (arXiv 2407.01082). @default 0 */
  readonly minP?: number;
  /** Divides positive and multiplies negative logits of tokens that occurred (CTRL, arXiv 1909.05858 §4.1). @default 1 */
  readonly repetitionPenalty?: number;
  /** Subtracted once from the logit of each token that was generated. @default 0 */
  readonly presencePenalty?: number;
  /** Subtracted from the logit of a token for each time that it was generated. @default 0 */
  readonly frequencyPenalty?: number;
  /** Added to the logits of these tokens. */
  readonly logitBias?: ReadonlyMap<number, number>;
  /** Random seed; the same seed draws the same text. @default 0 */
  readonly seed?: number;
}

/** Which tokens may come next, as the generated text grows. */
export interface TokenConstraint {
  /** Sets the logits of all tokens that may not come next to −Infinity. */
  apply(logits: Float32Array): void;
  /** Takes the next token, one that may come. */
  accept(id: number): void;
  /** Whether nothing may follow: the text is complete. */
  readonly complete: boolean;
}

/** When experts of a stitched model rest: they are not run, and their gates are 0. */
export interface SkippingSettings {
  /** An expert rests when its mean gate is below this; 0: none ever does. */
  readonly below: number;
  /** It comes back when its mean gate is at least this. @default 1.5 · below */
  readonly above?: number;
  /** Tokens between decisions, of which the first follows the prompt; 0: there is no other. @default 16 */
  readonly every?: number;
}

/** How many tokens the models of a text have read. */
export interface TokensRun {
  /** Those that the hub has read. */
  readonly tokens: number;
  /** By number of the model's `switchable`: those that it has read, those that it read when it came back included. */
  readonly experts: readonly { readonly model: number; readonly tokens: number }[];
}

/** A text to generate. */
export interface GenerationRequest {
  /** Token ids of the prompt, with the token that opens a document; at least one. */
  readonly prompt: readonly number[];
  /** Most tokens to generate. */
  readonly maxTokens: number;
  readonly sampling?: SamplingSettings;
  /** Texts that end the generation where they appear, and are not part of it. */
  readonly stop?: readonly string[];
  /**
   * Log-probabilities of this many most likely tokens at each step, besides that of the token itself. Left out: none are
   * computed, because they take time, and a generated token's `logprob` is null.
   */
  readonly logprobs?: number;
  /** Whether the prompt's own tokens are scored, too. */
  readonly scorePrompt?: boolean;
  readonly constraint?: TokenConstraint;
  /**
   * Whether the gates of the generated tokens are told, or those of the prompt's tokens, too: how much of each of the
   * models that the model is made of went into the prediction. Such a prompt is not taken from the cache where its gates
   * are not known.
   */
  readonly gates?: "generated" | "all";
  /** Numbers of the model's `switchable` that take no part in this text. @default none */
  readonly without?: readonly number[];
  /**
   * Lets experts with small gates rest, of a model that allows it; such a text shares no prompt with others in the cache.
   * @default none rests
   */
  readonly skip?: SkippingSettings;
  /** Ends the generation; its place is free at once. */
  readonly signal?: AbortSignal;
}

/** A token and how likely the model found it, before any sampling setting. */
export interface ScoredToken {
  readonly id: number;
  /**
   * Natural logarithm of its probability; null for the first token of a text, which nothing predicts, and for generated
   * tokens if no log-probabilities were asked for.
   */
  readonly logprob: number | null;
  /** The most likely tokens at its place, most likely first, as many as were asked for. */
  readonly top: readonly { readonly id: number; readonly logprob: number }[];
}

/** The gates of a token's prediction, by place of the model's `gates` and model there. */
export type PredictionGates = readonly (readonly number[])[];

/** The models that a model is made of, and where it weighs them. */
export interface ModelGates {
  readonly places: readonly GatePlace[];
  /** By number of a place's `models`: the name as a method, such as `seed` or `expert:code`, and the color in figures. */
  readonly models: readonly { readonly name: string; readonly color: string }[];
  /** Numbers of the models that a request can switch off. */
  readonly switchable: readonly number[];
}

/** A generated token. */
export interface GeneratedToken extends ScoredToken {
  /**
   * The text that is certain after this token: empty while characters are incomplete, or while a stop text may have
   * begun.
   */
  readonly text: string;
  /** If they were asked for. */
  readonly gates?: PredictionGates;
}

/** Why a generation ended: a token or text that ends it, the limit of tokens or the context, or its signal. */
export type FinishReason = "stop" | "length" | "cancelled";

/** The end of a generation. */
export interface Generation {
  readonly finish: FinishReason;
  /** What was held back until the end and is part of the text. */
  readonly text: string;
  readonly promptTokens: number;
  /** Of the prompt's tokens, those whose keys and values were in the cache. */
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  /** The prompt's tokens with their scores, if asked for. */
  readonly prompt?: readonly ScoredToken[];
  /** The gates of the prompt's tokens, if asked for; null for the first, which nothing predicts. */
  readonly promptGates?: readonly (PredictionGates | null)[];
  /** What the models have read, if experts may rest. */
  readonly run?: TokensRun;
}

/** Generates many texts at a time with one model. */
export interface InferenceEngine extends AsyncDisposable {
  /**
   * Generates one text, together with the others that are in progress. Its tokens depend on the request alone.
   *
   * @throws UserError before the first token if the request is out of range: `generate.length`, `generate.tokens`,
   * `generate.ids`, `generate.sampling`, `generate.stop`, `generate.gates`,
   * `generate.without`, `generate.skip`
   */
  generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, Generation, void>;
  /** Texts in progress, and those that wait for a place. */
  readonly load: { readonly running: number; readonly waiting: number };
}
