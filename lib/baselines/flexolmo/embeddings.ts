// Embeddings of domains, where the rows of FlexOlmo's routers start: the mean state of a domain's documents in each layer.
import type { ModelConfig, Weights } from "../../model/mod.ts";
import { documentStates } from "../mixture/states.ts";

/**
 * The mean input of each layer's feed-forward over all tokens of the documents, in double precision.
 *
 * @param weights of the seed, as those of a mixture
 * @param documents token ids; at least one
 * @returns by layer, `[d]`
 */
export async function meanStates(
  model: ModelConfig,
  weights: Weights,
  documents: readonly Int32Array[],
): Promise<Float64Array[]> {
  const { layers, width } = model;
  const sums = Array.from({ length: layers }, () => new Float64Array(width));
  for await (const states of documentStates(model, weights, 0, documents)) {
    states.forEach((rows, layer) => rows.forEach((value, i) => sums[layer]![i % width]! += value));
  }
  const tokens = documents.reduce((sum, { length }) => sum + length, 0);
  return sums.map((sum) => sum.map((value) => value / tokens));
}

/**
 * The mean of several domains' embeddings, each counting by its share.
 *
 * @param domains embeddings by layer
 */
export function mixedEmbeddings(
  domains: readonly { readonly share: number; readonly embeddings: readonly Float64Array[] }[],
): Float64Array[] {
  const total = domains.reduce((sum, { share }) => sum + share, 0);
  return domains[0]!.embeddings.map((first, layer) =>
    first.map((_, i) => domains.reduce((sum, { share, embeddings }) => sum + share / total * embeddings[layer]![i]!, 0))
  );
}
