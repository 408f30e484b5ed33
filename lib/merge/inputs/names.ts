// Names of the tensors whose rows are tokens.

/** Names of output heads, which copy the embeddings in tied models. */
export const HEAD = /(^|\.)(lm_head|embed_out)\.weight$/;
/** Names of token embeddings. */
export const EMBEDDINGS = /(^|\.)(embed_tokens|embed_in|wte|word_embeddings|tok_embeddings|shared)\.weight$/;
