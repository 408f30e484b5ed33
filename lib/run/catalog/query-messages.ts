// What a query and its thread say to each other.

/** A message to the thread that runs the query. */
export interface QueryRequest {
  readonly path: string;
  readonly sql: string;
  readonly limit: number;
}

/** The rows that a query returned, each an object by column name; integers above 2^53 are bigints. */
export interface QueryRows {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Whether there were more rows than the limit. */
  readonly more: boolean;
}

export type QueryReply = QueryRows | { readonly error: string };
