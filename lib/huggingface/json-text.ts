// JSON inside a string, as the metadata of a safetensors file holds it.
import { z } from "zod";

/** A string read as JSON, to be piped into the schema of what it holds. */
export const jsonTextSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});
