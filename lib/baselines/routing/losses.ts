// The losses of routed models, computed from the losses of each model without running one.
import { UserError } from "../../errors.ts";
import type { HostTensor } from "../../model/mod.ts";
import { ROUTING_PREFIX } from "./model.ts";

/**
 * `routedLanguageModel().losses` for one row, off the device.
 *
 * @param routing the embedding table `[vocab, d]` for prompts, and the router `[models, d]`
 * @param tokens of the row
 * @param from index of the first scored token; the tokens before it are the prompt if there is more than one
 * @param losses by model, the loss of each token but the first, in nats
 * @returns the routed models' losses of the same tokens, in nats
 * @throws UserError `merge.routing` when there is not one loss list for each of the router's models
 */
export function routedLosses(
  routing: { readonly table: HostTensor; readonly router: HostTensor },
  tokens: Int32Array,
  from: number,
  losses: readonly ArrayLike<number>[],
): Float64Array {
  const models = routing.router.shape[0]!;
  if (losses.length !== models) {
    throw new UserError(
      "merge.routing",
      `The router chooses among ${models} models, but there are losses of ${losses.length}`,
    );
  }
  const hasPrompt = from > 1;
  const length = hasPrompt ? from : ROUTING_PREFIX.shortest;
  const chosen = losses[chooseByPrompt(routing, tokens.subarray(0, length))]!;
  const first = losses[0]!;
  return Float64Array.from(chosen, (loss, t) => hasPrompt || t + 1 >= length ? loss : first[t]!);
}

/** The model whose router row has the largest dot product with the prompt's mean embedding; the first among equals. */
function chooseByPrompt(
  { table, router }: { readonly table: HostTensor; readonly router: HostTensor },
  prompt: Int32Array,
): number {
  const d = table.shape[1]!;
  const mean = new Float64Array(d);
  for (const id of prompt) {
    for (let i = 0; i < d; i++) mean[i]! += table.data[id * d + i]! / prompt.length;
  }
  const scores = Array.from(
    { length: router.shape[0]! },
    (_, j) => mean.reduce((sum, value, i) => sum + value * router.data[j * d + i]!, 0),
  );
  return scores.indexOf(Math.max(...scores));
}
