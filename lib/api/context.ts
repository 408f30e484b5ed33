// What the routes share: the models, the places, the metrics.
import type { Context } from "hono";
import { didYouMean, UserError } from "../errors.ts";
import type { Admission } from "./admission.ts";
import { ApiError } from "./errors.ts";
import type { Metrics } from "./metrics.ts";
import type { Lease, ModelRegistry } from "./registry.ts";

export interface ApiContext {
  readonly models: ModelRegistry;
  readonly admission: Admission;
  readonly metrics: Metrics;
}

/**
 * Loads the model that a request names.
 *
 * @param name undefined for the default, where a request need not name one
 * @throws ApiError `model_not_found`, `model_unavailable`
 */
export async function openModel({ models }: ApiContext, name: string | undefined): Promise<Lease> {
  const names = models.models.map((model) => model.name);
  const wanted = name ?? names[0]!;
  if (!names.includes(wanted)) throw unknownModel(wanted, names);
  try {
    return await models.open(wanted);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reason = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    throw new ApiError(503, "model_unavailable", `The model '${wanted}' cannot be loaded: ${reason}`, {
      param: "model",
    });
  }
}

/** The answer for a model that is not served. */
export function unknownModel(wanted: string, names: readonly string[]): ApiError {
  const hint = didYouMean(wanted, names, "", "GET /v1/models lists the models");
  return new ApiError(404, "model_not_found", `The model '${wanted}' is not served here; ${hint}`, { param: "model" });
}

/** A time as the API writes it: seconds since 1970. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** An id of an answer. @param prefix `cmpl`, `chatcmpl` */
export const answerId = (prefix: string): string => `${prefix}-${crypto.randomUUID().replaceAll("-", "")}`;

/** Aborted when the client has left. */
export const clientSignal = (c: Context): AbortSignal => c.req.raw.signal;
