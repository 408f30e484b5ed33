// The space of a saved or fitted model.
import type { Encoder } from "./hidden.ts";
import type { ClusterModel } from "./model.ts";
import { normalized, type Space, tfIdfSpace } from "./space.ts";
import { tfIdf, type Vocabulary } from "./tf-idf.ts";

/**
 * The space that a model's clusters are in.
 *
 * @param encoder of a model by hidden states
 */
export function spaceOf({ features, vocabulary, basis, size }: ClusterModel, encoder?: Encoder): Space {
  if (features === "tf-idf") return tfIdfSpace({ vocabulary, projection: basis, size });
  if (encoder === undefined) throw new Error("Clusters by hidden states need their model");
  return hiddenSpace(encoder, vocabulary, basis);
}

/** The space of mean hidden states: minus their mean over the sample, divided by their length. */
export function hiddenSpace(encoder: Encoder, vocabulary: Vocabulary, mean: Float32Array): Space {
  const rowOf = tfIdf(vocabulary);
  return {
    size: mean.length,
    async points(texts) {
      const states = await encoder.states(texts);
      return states.map((state, at) => ({ ...rowOf(texts[at]!), point: hiddenPoint(state, mean) }));
    },
  };
}

/** The point of a mean hidden state. */
export function hiddenPoint(state: Float64Array, mean: Float32Array): Float64Array {
  return normalized(state.map((value, i) => value - mean[i]!));
}
