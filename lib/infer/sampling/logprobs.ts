// Log-probabilities of tokens, in float64, before any sampling setting.
import { UserError } from "../../errors.ts";
import type { ScoredToken } from "../types.ts";
import { topTokens } from "./top.ts";

/**
 * ln Σ exp(logits), in float64.
 *
 * @param logits `[vocab]`
 * @throws UserError `generate.not-finite` if a logit is not a number or infinite
 */
export function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  for (let id = 0; id < logits.length; id++) if (logits[id]! > largest) largest = logits[id]!;
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id]! - largest);
  const result = largest + Math.log(sum);
  if (!Number.isFinite(result)) throw notFinite();
  return result;
}

/** The error for logits that no token can be drawn from. */
export function notFinite(): UserError {
  return new UserError(
    "generate.not-finite",
    "The model's logits are not finite numbers, so it cannot predict a token",
    "Its weights may hold NaN, as after a training that diverged; try another model",
  );
}

/**
 * A token's log-probability, and the most likely tokens with theirs. All are differences to one number, so tokens with
 * equal logits have exactly equal log-probabilities, and the token's own is the same number as in `top`.
 *
 * @param logits `[vocab]`, as the model gave them
 * @param count number of most likely tokens; the lowest id comes first among equals
 * @throws UserError `generate.not-finite` if a logit is not a number or infinite
 */
export function scoreToken(logits: Float32Array, id: number, count = 0): ScoredToken {
  const total = logSumExp(logits);
  const logprobOf = (id: number) => logits[id]! - total;
  const top = Array.from(topTokens(logits, count), (id) => ({ id, logprob: logprobOf(id) }));
  return { id, logprob: logprobOf(id), top };
}
