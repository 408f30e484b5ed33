// Whether domains were found with the tokenizer of the model that is to be trained on them.
import { join } from "node:path";
import { jsonHash } from "../../pretrained/mod.ts";
import type { Clustering } from "../description.ts";

/**
 * What to know of clusters by the hidden states of a model with another tokenizer than the seed's: they can be ranked, since
 * their text is as good, but another model drew their borders. Undefined if there is nothing to know.
 *
 * @param seed folder of the seed
 */
export async function tokenizerRemark({ model }: Pick<Clustering, "model">, seed: string): Promise<string | undefined> {
  if (model === undefined) return undefined;
  const json = await Deno.readTextFile(join(seed, "tokenizer.json")).catch(() => undefined);
  if (json === undefined || jsonHash(JSON.parse(json)) === model.tokenizer) return undefined;
  return `The domains were found by the hidden states of ${model.path}, whose tokenizer is another than that of ${seed}`;
}
