// What routed models lose on a text whose cost to each of them is known: no model needs to run again.
import { UserError } from "../../errors.ts";
import type { HostTensor } from "../../model/mod.ts";
import { ROUTING_PREFIX } from "./routing.ts";

/**
 * Off the device, what `routedLanguageModel().losses` does for one row.
 *
 * @param routing the embedding table `[vocab, d]` that prompts are read with, and the router `[models, d]`
 * @param tokens of the row
 * @param from index of the first token that is scored: those before it are the prompt, unless it is a single one
 * @param losses by model, what each token but the first costs, in nats
 * @returns what they cost the routed models
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
    throw new UserError("merge.routing", `The router is of ${models} models, not of ${losses.length}`);
  }
  const hasPrompt = from > 1;
  const length = hasPrompt ? from : ROUTING_PREFIX.shortest;
  const chosen = losses[chooseByPrompt(routing, tokens.subarray(0, length))]!;
  const first = losses[0]!;
  return Float64Array.from(chosen, (loss, t) => hasPrompt || t + 1 >= length ? loss : first[t]!);
}

/** The model whose row of the router has the largest product with the prompt's mean embedding; the first of equals. */
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
