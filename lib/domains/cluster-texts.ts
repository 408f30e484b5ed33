// Clusters of texts that are in memory, for experiments that divide their text in other ways.
import { placeOf } from "./clusters.ts";
import { tfIdfFeatures } from "./features.ts";
import { type FitOptions, fitSample } from "./fit.ts";
import { spaceOf } from "./space-of.ts";
import { featureText } from "./terms.ts";

/** Clusters by tf-idf. */
export interface TextClusters {
  /** Names from top terms, which domains may have. */
  readonly names: readonly string[];
  /** The cluster of each text, as an index into `names`. */
  assign(texts: readonly string[]): Promise<number[]>;
}

/**
 * Fits clusters to texts, as `discoverDomains()` does to a sample.
 *
 * Source: C-BTM (arXiv 2303.14177).
 *
 * @param dimensions of tf-idf after projection, at most
 * @throws UserError `domains.few` if there are too few different texts
 */
export async function clusterTexts(
  texts: readonly string[],
  { dimensions = 100, ...options }: FitOptions & { readonly dimensions?: number },
): Promise<TextClusters> {
  const { model, facts } = await fitSample(texts.map(featureText), options, tfIdfFeatures(dimensions, options.seed));
  const space = spaceOf(model);
  return {
    names: facts.names,
    async assign(texts) {
      const points = await space.points(texts);
      return points.map(({ point }) => placeOf(model.clusters, point).cluster);
    },
  };
}
