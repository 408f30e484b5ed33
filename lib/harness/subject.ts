// A model as the harness asks it: its tokens with the special ones that the harness's `hf` model adds, and its answers.
import type { Tokenizer, TokensAround } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import type { InferenceEngine, SamplingSettings } from "../infer/mod.ts";
import type { LanguageModel } from "../model/mod.ts";

/**
 * Whether texts begin with the token that opens a document: as `tokenizer.json` says, which is the harness's default; or
 * always or never, as `add_bos_token=True` or `False` of its model arguments.
 */
export type Opening = "tokenizer" | "always" | "never";

/** A model with its tokenizer. */
export interface SubjectParts {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** The tokens that its file puts around a text; undefined if that is unknown. */
  readonly around: TokensAround | undefined;
  /** The token that opens a document, if the tokenizer names one, and the one that ends a text. */
  readonly special: { readonly bos?: number | undefined; readonly eos: number };
  /** Generates answers; it knows the tokens that end them. */
  readonly engine: InferenceEngine;
  /** What the checkpoint's `generation_config.json` sets, and greedy answers depend on. @default 1 */
  readonly repetitionPenalty?: number | undefined;
  readonly opening: Opening;
}

/** A model that tasks are put to. */
export interface Subject extends Pick<SubjectParts, "model" | "tokenizer" | "opening"> {
  /** Stands for an empty context. */
  readonly prefix: number;
  /** The text of the token that ends a text. */
  readonly endText: string;
  /** Ids of a text, with special tokens around it unless it begins with the one that opens a document. */
  encode(text: string): number[];
  /** Ids of a prompt to continue: likewise, but with the token that the tokenizer itself names. */
  encodePrompt(text: string): number[];
  /** Continues a prompt until `stop` or a token that ends a text; at most `maxTokens` ids. */
  continuation(
    prompt: readonly number[],
    maxTokens: number,
    sampling: SamplingSettings,
    stop: (ids: readonly number[]) => boolean,
    signal?: AbortSignal,
  ): Promise<number[]>;
}

/** @throws UserError `harness.tokenizer` if it is unknown what the tokenizer adds around a text */
export function harnessSubject(parts: SubjectParts): Subject {
  const { model, tokenizer, opening, engine, repetitionPenalty = 1, special: { bos, eos } } = parts;
  const prefix = bos ?? eos;
  const { before, after } = tokensAround(parts);
  const spell = (id: number) => tokenizer.decode([id], { specialTokens: true });
  const openings = { any: spell(prefix), own: bos === undefined ? undefined : spell(bos) };
  const encode = (text: string, opened: string | undefined) => {
    const ids = tokenizer.encode(text);
    return opened !== undefined && text.startsWith(opened) ? ids : [...before, ...ids, ...after];
  };
  return {
    model,
    tokenizer,
    opening,
    prefix,
    endText: spell(eos),
    encode: (text) => encode(text, openings.any),
    encodePrompt: (text) => encode(text, openings.own),
    async continuation(prompt, maxTokens, sampling, stop, signal) {
      const written: number[] = [];
      const settings = { repetitionPenalty, ...sampling };
      const request = { prompt, maxTokens, sampling: settings, ...(signal === undefined ? {} : { signal }) };
      for await (const { id } of engine.generate(request)) {
        written.push(id);
        if (stop(written)) break;
      }
      signal?.throwIfAborted();
      return written;
    },
  };
}

/** What is added around a text. */
function tokensAround({ around, opening, special: { bos } }: SubjectParts): TokensAround {
  if (opening === "never") return { before: [], after: [] };
  if (opening === "always") return { before: bos === undefined ? [] : [bos], after: [] };
  if (around !== undefined) return around;
  throw new UserError(
    "harness.tokenizer",
    "It is unknown which tokens the tokenizer adds to a text: its post-processor is of another type than usual",
    "say whether texts begin with BOS: --bos always or --bos never",
  );
}
