// What the descriptions of routes share.
import { z } from "@hono/zod-openapi";
import { errorSchema } from "./errors.ts";
import { requestError } from "./issues.ts";

/** A route's body of JSON. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { body: { required: true, content: { "application/json": { schema } } } };
}

/** A route's answer of JSON. */
export function json<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { "application/json": { schema } } };
}

/** An answer that may be streamed. */
export function jsonOrEvents<Schema extends z.ZodType>(description: string, schema: Schema) {
  return {
    description,
    content: {
      "application/json": { schema },
      "text/event-stream": { schema: z.string().openapi({ description: "Events whose data is JSON, then `[DONE]`" }) },
    },
  };
}

/** Every other answer. */
export const refused = json("Refused, with the reason", errorSchema);

/** Refuses a request that does not match its schema. */
export function refuseInvalid(schema: z.ZodObject) {
  const known = Object.keys(schema.shape);
  // Typed loosely: what a route's handler gets would otherwise be inferred from here.
  return (result: { readonly success: boolean }): undefined => {
    if (result.success) return;
    const { error, data } = result as unknown as { readonly error: z.ZodError; readonly data: unknown };
    throw requestError(error, data, known);
  };
}
