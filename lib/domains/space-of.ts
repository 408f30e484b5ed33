// The space of a saved or fitted model.
import type { ClusterModel } from "./model.ts";
import { type Space, tfIdfSpace } from "./space.ts";

/** The space that a model's clusters are in. */
export function spaceOf({ vocabulary, basis, size }: ClusterModel): Space {
  return tfIdfSpace({ vocabulary, projection: basis, size });
}
