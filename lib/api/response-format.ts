// `response_format`: text, any JSON object, or JSON of a schema.
import { z } from "@hono/zod-openapi";
import { UserError } from "../errors.ts";
import type { TokenConstraint } from "../infer/mod.ts";
import { ApiError } from "./errors.ts";
import type { ServedModel } from "./registry.ts";

export const responseFormatSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.strictObject({
      name: z.string().regex(/^[\w-]{1,64}$/, "expected up to 64 letters, digits, underscores and hyphens"),
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()),
      strict: z.boolean().nullish().openapi({ description: "Has no effect: results always match the schema" }),
    }),
  }),
], { error: 'expected the type "text", "json_object" or "json_schema"' }).openapi("ResponseFormat");

/**
 * The constraint that a request asks for; a text of its own each time, as it moves along.
 *
 * @throws ApiError for a schema that cannot be used
 */
export function constraintOf(
  format: z.infer<typeof responseFormatSchema> | null | undefined,
  model: ServedModel,
): TokenConstraint | undefined {
  if (format == null || format.type === "text") return undefined;
  try {
    return format.type === "json_object"
      ? model.constraints.jsonObject()
      : model.constraints.jsonSchema(format.json_schema.schema);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    throw new ApiError(400, "invalid_json_schema", message, { param: "response_format" });
  }
}
