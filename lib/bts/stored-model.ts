// The models of a run that are stored as Hugging Face folders: the seed and the experts.
import { didYouMean, UserError } from "../errors.ts";
import { METHOD_NAMES, methodLabel } from "../methods.ts";
import type { FinishedRun } from "./finished.ts";

/**
 * The folder of a model that a run stores.
 *
 * @param name `seed`, a domain such as `code`, or `expert:code`
 * @throws UserError `model.unknown` naming the models that the run stores, `run.unfinished` when the model was not trained
 *   to its end, `run.damaged` when its files are missing or damaged
 */
export async function storedModel({ view, config, cell }: FinishedRun, name: string): Promise<string> {
  const domain = name.startsWith("expert:") ? name.slice("expert:".length) : name;
  if (name === "seed") return (await cell("seed")).folder;
  if (config.experts.includes(domain)) return (await cell(`expert:${domain}`)).folder;
  const stored = ["seed", ...config.experts];
  const names = stored.join(", ");
  if (METHOD_NAMES.includes(name)) {
    throw new UserError(
      "model.unknown",
      `The run ${view.id} does not store ${methodLabel(name)} as a model folder: it stores ${names}`,
      `deno task export model ${view.id} ${name} writes it as one, if there can be one`,
    );
  }
  throw new UserError(
    "model.unknown",
    `The run ${view.id} has no model "${name}": it stores ${names}`,
    didYouMean(name, stored, "", "name one of these models"),
  );
}
