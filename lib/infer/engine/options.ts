// How much an engine does at once, and how much memory it takes.

/** Limits of an engine. */
export interface EngineOptions {
  /** Most texts that are decoded together. @default 32 */
  readonly batch?: number | undefined;
  /** Most prompt tokens that are read between two steps of the other texts. @default 256 */
  readonly chunk?: number | undefined;
  /**
   * Bytes of the keys and values of the texts in progress; further requests wait. A text that needs more runs alone.
   * @default 1 GiB
   */
  readonly stateBytes?: number | undefined;
  /** Bytes of the keys and values that are kept of earlier texts, for prompts that begin alike. @default 256 MiB */
  readonly prefixBytes?: number | undefined;
}

export type Limits = { readonly [Name in keyof EngineOptions]-?: number };

/** Adds defaults. */
export function limitsOf({ batch, chunk, stateBytes, prefixBytes }: EngineOptions): Limits {
  return {
    batch: batch ?? 32,
    chunk: chunk ?? 256,
    stateBytes: stateBytes ?? 2 ** 30,
    prefixBytes: prefixBytes ?? 2 ** 28,
  };
}
