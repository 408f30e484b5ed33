// JSON inside a string, as in the metadata of a safetensors file.
import { z } from "zod";
import type { JsonTextSchema } from "./inferred-types.ts";

/** Parses a string as JSON; pipe it into the schema of the value. */
export const jsonTextSchema: JsonTextSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});
