// Whether the head of a merged model is still the matrix of its embeddings.
import { isTied } from "../inputs/tied.ts";
import type { WeightMethod } from "./method.ts";
import type { MergePlan } from "./parts.ts";
import { isSame, storedHead } from "./shared.ts";

/**
 * The merged model's head if the configuration in `folder` ties it to the embeddings, but it is merged to another matrix;
 * otherwise undefined. Python's transformers goes by the weights.
 */
export async function untiedHead(
  { options }: WeightMethod,
  { weights, ends }: MergePlan,
  folder: string,
): Promise<string | undefined> {
  const stored = storedHead({ shapes: new Map(weights.map(({ name, shape }) => [name, shape])) });
  if (stored === undefined || await isTied(folder) !== true) return undefined;
  const { head, embeddings } = stored;
  const [first, last] = ends.map(({ folders }) => folders);
  const optionsOf = (name: string) => JSON.stringify(weights.find((weight) => weight.name === name)!.options);
  const alike = first === last || (
    !("seed" in options) && optionsOf(head) === optionsOf(embeddings) &&
    String(first!.map(({ input }) => input.name)) === String(last!.map(({ input }) => input.name))
  );
  return alike && last!.every((folder) => isSame(folder, head, embeddings)) ? undefined : head;
}
