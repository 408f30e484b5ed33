// What a route answers with JSON, as its description says it.
import type { z } from "zod";

/** A response of JSON with this schema. */
export interface JsonResponse<Schema extends z.ZodType> {
  readonly description: string;
  readonly content: { readonly "application/json": { readonly schema: Schema } };
}
