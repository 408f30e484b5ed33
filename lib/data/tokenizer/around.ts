// The tokens that a tokenizer.json adds around a text.
import type { TokenizerJson } from "../types.ts";

/** Ids that are added to a text. */
export interface TokensAround {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const NONE: TokensAround = { before: [], after: [] };

/**
 * The ids that a tokenizer's post-processor puts before and after a single text.
 *
 * @returns undefined if it is of a type that is not known
 */
export function tokensAround(json: TokenizerJson): TokensAround | undefined {
  return ofProcessor(json["post_processor"]);
}

function ofProcessor(processor: unknown): TokensAround | undefined {
  if (processor === null || processor === undefined) return NONE;
  const { type, processors, single, special_tokens, cls, sep } = processor as Record<string, unknown>;
  switch (type) {
    case "ByteLevel":
      return NONE;
    case "Sequence": {
      const parts = (processors as readonly unknown[]).map(ofProcessor);
      if (!parts.every((part) => part !== undefined)) return undefined;
      return { before: parts.toReversed().flatMap(({ before }) => before), after: parts.flatMap(({ after }) => after) };
    }
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [(cls as [string, number])[1]], after: [(sep as [string, number])[1]] };
    case "TemplateProcessing": {
      type Piece = { readonly SpecialToken?: { readonly id: string }; readonly Sequence?: unknown };
      const pieces = single as readonly Piece[];
      const known = special_tokens as Readonly<Record<string, { readonly ids: readonly number[] }>> | undefined;
      const place = pieces.findIndex(({ Sequence }) => Sequence !== undefined);
      const ids = (list: readonly Piece[]) => list.flatMap(({ SpecialToken }) => known?.[SpecialToken!.id]?.ids ?? []);
      return { before: ids(pieces.slice(0, place)), after: ids(pieces.slice(place + 1)) };
    }
    default:
      return undefined;
  }
}
