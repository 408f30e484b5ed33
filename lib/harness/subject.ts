// A model as the harness asks it: its tokens with the special ones that the harness's `hf` model adds, its scores, and its
// greedy answers.
import type { Tokenizer, TokenizerJson } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { generateGreedily } from "../eval/mod.ts";
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
  /** The tokenizer's file, for the tokens that it adds around a text. */
  readonly json?: TokenizerJson;
  /** The token that opens a document, if the tokenizer names one, and the one that ends a text. */
  readonly special: { readonly bos?: number | undefined; readonly eos: number };
  /** The ids of the tokens that end a generated text. */
  readonly ends: readonly number[];
  readonly opening: Opening;
}

/** A model that tasks are put to. */
export interface Subject extends Omit<SubjectParts, "json" | "special"> {
  /** Stands for an empty context. */
  readonly prefix: number;
  /** The text of the token that ends a text. */
  readonly endText: string;
  /** Ids of a text, with special tokens around it unless it begins with the one that opens a document. */
  encode(text: string): number[];
  /** Ids of a prompt to continue: likewise, but with the token that the tokenizer itself names. */
  encodePrompt(text: string): number[];
  /** Continues a prompt greedily until `stop` or a token that ends a text; at most `maxTokens` ids. */
  continuation(
    prompt: readonly number[],
    maxTokens: number,
    stop: (ids: readonly number[]) => boolean,
  ): Promise<number[]>;
}

/** @throws UserError `harness.tokenizer` if it is unknown what the tokenizer adds around a text */
export function harnessSubject({ json, special: { bos, eos }, ...parts }: SubjectParts): Subject {
  const { model, tokenizer, opening, ends } = parts;
  const prefix = bos ?? eos;
  const { before, after } = opening === "always"
    ? { before: bos === undefined ? [] : [bos], after: [] }
    : opening === "never"
    ? { before: [], after: [] }
    : addedTokens(json?.["post_processor"]);
  const spell = (id: number) => tokenizer.decode([id], { specialTokens: true });
  const openings = { any: spell(prefix), own: bos === undefined ? undefined : spell(bos) };
  const encode = (text: string, opened: string | undefined) => {
    const ids = tokenizer.encode(text);
    return opened !== undefined && text.startsWith(opened) ? ids : [...before, ...ids, ...after];
  };
  const endIds = new Set([...ends, eos]);
  return {
    ...parts,
    prefix,
    endText: spell(eos),
    encode: (text) => encode(text, openings.any),
    encodePrompt: (text) => encode(text, openings.own),
    async continuation(prompt, maxTokens, stop) {
      const written: number[] = [];
      await generateGreedily(model, [prompt], maxTokens, (id) => {
        written.push(id);
        return endIds.has(id) || stop(written);
      });
      return written;
    },
  };
}

/** The ids that a tokenizer's post-processor adds before and after a single text. */
export function addedTokens(
  processor: unknown,
): { readonly before: readonly number[]; readonly after: readonly number[] } {
  const none = { before: [], after: [] };
  if (processor === null || processor === undefined) return none;
  const { type, processors, single, special_tokens, cls, sep } = processor as Record<string, unknown>;
  switch (type) {
    case "ByteLevel":
      return none;
    case "Sequence": {
      const parts = (processors as readonly unknown[]).map(addedTokens);
      return { before: parts.toReversed().flatMap(({ before }) => before), after: parts.flatMap(({ after }) => after) };
    }
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [(cls as [string, number])[1]], after: [(sep as [string, number])[1]] };
    case "TemplateProcessing": {
      type Piece = { readonly SpecialToken?: { readonly id: string }; readonly Sequence?: unknown };
      const pieces = single as readonly Piece[];
      const place = pieces.findIndex(({ Sequence }) => Sequence !== undefined);
      const ids = (list: readonly Piece[]) =>
        list.flatMap(({ SpecialToken }) =>
          (special_tokens as Record<string, { readonly ids: readonly number[] }>)[SpecialToken!.id]!.ids
        );
      return { before: ids(pieces.slice(0, place)), after: ids(pieces.slice(place + 1)) };
    }
    default:
      throw new UserError(
        "harness.tokenizer",
        `The tokenizer's post-processor is of the type ${type}, and it is unknown which tokens it adds to a text`,
        "say whether texts begin with BOS: --bos always or --bos never",
      );
  }
}
