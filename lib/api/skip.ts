// `skip`, which OpenAI's API does not have: experts with small gates rest, and what the models have read is told.
import { z } from "@hono/zod-openapi";
import { type Generation, type NamedRun, resolveSkipping, runByName, type SkippingSettings } from "../infer/mod.ts";
import { invalidParameter } from "./errors.ts";
import type { SharedParameters } from "./parameters.ts";
import type { ServedModel } from "./registry.ts";

/** Of a choice. */
export const skippedSchema = z.strictObject({
  tokens: z.int().openapi({ description: "Tokens that the hub has read" }),
  experts: z.array(z.strictObject({ name: z.string(), tokens: z.int() })).readonly().openapi({
    description: "Those that each expert has read, what it caught up on included",
  }),
}).openapi("Skipped");

/**
 * When experts rest, as a property of a request.
 *
 * @throws UserError `generate.skip` for settings out of range; ApiError for a model without experts that may rest
 */
export function skippingOf({ skip, model: name }: SharedParameters, model: ServedModel): {
  readonly skip?: SkippingSettings;
} {
  if (skip == null) return {};
  if (model.canRest !== true) {
    throw invalidParameter(
      "skip",
      `The model '${name}' has no experts that may rest; of a run's models, bts has`,
      "unsupported_parameter",
    );
  }
  const { below, above, every } = skip;
  return {
    skip: resolveSkipping({ below, ...(above == null ? {} : { above }), ...(every == null ? {} : { every }) }),
  };
}

/** The `skipped` of a choice, as a property to spread; nothing if no expert could rest. */
export function writeSkipped(
  { run }: Generation,
  { gates }: ServedModel,
): { readonly skipped?: NamedRun } {
  return run === undefined ? {} : { skipped: runByName(run, gates!) };
}
