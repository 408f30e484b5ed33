// Which tokens of a conversation are trained on and scored.
import type { Span, Tokenizer } from "../types.ts";

/** The tokens of a text; `scored` is 1 for those that count. */
export interface ScoredTokens {
  readonly ids: readonly number[];
  readonly scored: Uint8Array;
}

/**
 * The tokens of a text, and which of them have a character in a part that is scored, as `return_assistant_tokens_mask` of
 * Python's transformers counts them. The first token never counts: nothing comes before it that it could follow from.
 *
 * @param spans the parts that are scored, ascending, in UTF-16 units
 */
export function encodeScored(
  text: string,
  spans: readonly Span[],
  tokenizer: Pick<Tokenizer, "encode" | "decode">,
): ScoredTokens {
  const ids = tokenizer.encode(text);
  const borders = spans.flat();
  const places = alignedPlaces(text, borders, ids, tokenizer) ??
    borders.map((border, i) => placeOf(text, border, ids, tokenizer, i % 2 === 0 ? "from" : "to"));
  const scored = new Uint8Array(ids.length);
  for (let i = 0; i < places.length; i += 2) scored.fill(1, places[i], places[i + 1]);
  scored[0] = 0;
  return { ids, scored };
}

/** The number of tokens before each border; undefined if the parts between them do not give the same tokens by themselves. */
function alignedPlaces(
  text: string,
  borders: readonly number[],
  ids: readonly number[],
  { encode }: Pick<Tokenizer, "encode">,
): number[] | undefined {
  const places: number[] = [];
  let place = 0;
  for (const [i, end] of [...borders, text.length].entries()) {
    for (const id of encode(text.slice(borders[i - 1] ?? 0, end))) if (id !== ids[place++]) return undefined;
    places.push(place);
  }
  return places.pop() === ids.length ? places : undefined;
}

/**
 * The number of tokens that end at a border or before it (`from`: the next is the first with a character after it), or that
 * begin before it (`to`).
 */
function placeOf(
  text: string,
  border: number,
  ids: readonly number[],
  { encode, decode }: Pick<Tokenizer, "encode" | "decode">,
  side: "from" | "to",
): number {
  const before = encode(text.slice(0, border));
  let same = 0;
  while (same < before.length && before[same] === ids[same]) same++;
  // Where tokens differ, some token of the whole text may stand across the border.
  const spell = (some: readonly number[]) => decode(some, { specialTokens: true }).length;
  const left = spell(before.slice(same));
  let place = same;
  let read = 0;
  while (place < ids.length && read < left) {
    read = spell(ids.slice(same, place + 1));
    if (side === "from" && read > left) break;
    place++;
  }
  return place;
}
