// The cost of a method of combining models.

/** The cost of one method. FLOPs are counted as in cost.ts, without training the seed and the experts. */
export interface MethodCost {
  /** As in results: `seed`, `soup`, `dare-ties`, `btx-soft`, … */
  readonly method: string;
  /** Active: all parameters of every model that processes a token, including its head and embeddings. */
  readonly parameters: { readonly trained: number; readonly total: number; readonly active: number };
  /** FLOPs per token: of inference, and of a training step's backward pass (0 if nothing is trained). */
  readonly flops: { readonly forward: number; readonly backward: number };
  /** Bytes of keys and values cached per token. */
  readonly kvBytes: number;
}
