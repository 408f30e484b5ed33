// What is asked of the merged model's tokenizer, in mergekit's terms.

/** Where a token's embedding comes from. */
export type TokenSource =
  | { readonly kind: "model"; readonly model: string }
  | { readonly kind: "model_token"; readonly model: string; readonly token: string | number }
  | { readonly kind: "zero" };

/** A token with an embedding of its own. */
export interface TokenRequest {
  readonly source: TokenSource;
  /** Whether models that have the token take this embedding, too. */
  readonly force: boolean;
}

/** The tokenizer of a merged model. */
export interface TokenizerRequest {
  /** `base`, `union`, or a model whose tokenizer it gets. */
  readonly source: string;
  /** Tokens by their text; those that the tokenizer lacks are added. */
  readonly tokens: ReadonlyMap<string, TokenRequest>;
  /** What the number of rows of the embeddings must be a multiple of. */
  readonly padTo: number;
}
