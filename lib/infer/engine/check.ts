// What a request must be before anything is computed for it.
import { UserError } from "../../errors.ts";
import type { LanguageModel } from "../../model/mod.ts";
import { resolveSampling } from "../sampling/settings.ts";
import { resolveSkipping } from "../skipping.ts";
import { checkStops } from "../text-stream.ts";
import type { GenerationRequest } from "../types.ts";

/** Most likely tokens whose log-probabilities may be asked for. */
const MOST_LOGPROBS = 1000;

/**
 * @throws UserError `generate.length`, `generate.tokens`, `generate.ids`, `generate.sampling`, `generate.stop`,
 *   `generate.gates`, `generate.without`, `generate.skip`
 */
export function checkRequest(
  { prompt, maxTokens, sampling, stop, logprobs, gates, without = [], skip }: GenerationRequest,
  { vocabSize, contextLength, gates: places, switchable = [], canRest = false }: Pick<
    LanguageModel,
    "vocabSize" | "contextLength" | "gates" | "switchable" | "canRest"
  >,
): void {
  if (prompt.length === 0) {
    throw new UserError(
      "generate.length",
      "The prompt is empty: a model needs at least one token to continue",
      "begin with the token that opens a document",
    );
  }
  const wrong = prompt.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
  if (wrong >= 0) {
    throw new UserError(
      "generate.ids",
      `Token ${wrong} of the prompt is ${prompt[wrong]}: expected an id from 0 to ${vocabSize - 1}`,
    );
  }
  if (!Number.isSafeInteger(maxTokens) || maxTokens < 0) {
    throw new UserError("generate.tokens", `maxTokens must be a whole number of at least 0, not ${maxTokens}`);
  }
  if (prompt.length + Math.min(maxTokens, 1) > contextLength) {
    throw new UserError(
      "generate.length",
      `The prompt has ${prompt.length} tokens, but the model takes ${contextLength} at once, the generated ones included`,
      "give a shorter prompt",
    );
  }
  if (logprobs !== undefined && !(Number.isInteger(logprobs) && logprobs >= 0 && logprobs <= MOST_LOGPROBS)) {
    throw new UserError(
      "generate.sampling",
      `logprobs must be a whole number from 0 to ${MOST_LOGPROBS}, not ${logprobs}`,
    );
  }
  if (gates !== undefined && places === undefined) {
    throw new UserError("generate.gates", "This model is not made of models that it weighs, so it has no gates");
  }
  const fixed = without.find((model) => !switchable.includes(model));
  if (fixed !== undefined) {
    const most = switchable.length === 0 ? "no models that can be switched off" : `the models ${switchable.join(", ")}`;
    throw new UserError("generate.without", `Model ${fixed} cannot be switched off: there are ${most}`);
  }
  if (places !== undefined && new Set(without).size >= places.at(-1)!.models.length) {
    throw new UserError("generate.without", "All models are switched off", "leave one of them on");
  }
  if (skip !== undefined) {
    resolveSkipping(skip);
    if (!canRest) {
      throw new UserError(
        "generate.skip",
        "No model can be skipped: only a stitched model with a hub, and without dynamic RoPE scaling, has experts that may rest",
      );
    }
  }
  resolveSampling(sampling ?? {}, vocabSize);
  checkStops(stop ?? []);
}
