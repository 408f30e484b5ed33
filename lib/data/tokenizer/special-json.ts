// Parts of a `tokenizer.json` about special tokens.

/** A token with its id. */
export interface NamedToken {
  readonly id: number;
  readonly content: string;
}

/** An entry of `added_tokens` for a token that is found in any text exactly as it is written. */
export function addedTokenJson({ id, content }: NamedToken, special: boolean): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

/** A post-processor that puts a token before every text. */
export function beginsWith({ id, content }: NamedToken): object {
  const token = { SpecialToken: { id: content, type_id: 0 } };
  return {
    type: "TemplateProcessing",
    single: [token, { Sequence: { id: "A", type_id: 0 } }],
    pair: [token, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 0 } }],
    special_tokens: { [content]: { id: content, ids: [id], tokens: [content] } },
  };
}
