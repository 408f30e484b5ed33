// Fits clusters to the sample, and says what they are.
import { UserError } from "../errors.ts";
import { type Clusters, fitClusters } from "./clusters.ts";
import { languageShares } from "./languages.ts";
import type { FitFeatures } from "./features.ts";
import type { ClusterModel } from "./model.ts";
import { domainNames, TOP_TERMS, topTerms } from "./names.ts";
import { fitRows } from "./space.ts";
import { principalPlane } from "./svd.ts";

/** How to fit. */
export interface FitOptions {
  readonly count: number;
  readonly seed: number;
  readonly balanced: boolean;
}

/** What is known of the clusters from the sample. */
export interface FitFacts {
  readonly sampled: number;
  readonly names: readonly string[];
  readonly topTerms: readonly (readonly string[])[];
  readonly languages: readonly Readonly<Record<string, number>>[];
  /** Sampled documents in the plane of the first two principal components, each with its cluster. */
  readonly map: readonly (readonly [x: number, y: number, cluster: number])[];
}

/** A model, and what is known of its clusters. */
export interface Fit {
  readonly model: ClusterModel;
  readonly facts: FitFacts;
}

/** Documents of each cluster whose language is looked at, and documents on the map. */
const LANGUAGE_DOCUMENTS = 200;
const MAP_DOCUMENTS = 2000;

/**
 * Fits clusters to a sample.
 *
 * @throws UserError `domains.few` if there are too few different documents
 */
export async function fitSample(
  sample: readonly string[],
  options: FitOptions,
  fitFeatures: FitFeatures,
): Promise<Fit> {
  const rows = fitRows(sample);
  if (rows.vocabulary.terms.length === 0) {
    throw new UserError(
      "domains.few",
      `Cannot find ${options.count} clusters: no term occurs in two of the ${sample.length} documents`,
      "Give more text, or longer documents",
    );
  }
  const { points, ...features } = await fitFeatures(sample, rows);
  const { clusters, members } = fitClusters(points, options.count, options);
  const terms = topTerms(rows, members, options.count);
  return {
    model: { ...features, vocabulary: rows.vocabulary, clusters },
    facts: {
      sampled: sample.length,
      names: domainNames(terms),
      topTerms: terms.map((own) => own.slice(0, TOP_TERMS).map(({ term }) => term)),
      languages: terms.map((_, cluster) =>
        languageShares(sample.filter((_, at) => members[at] === cluster).slice(0, LANGUAGE_DOCUMENTS))
      ),
      map: mapOf(points, members, clusters),
    },
  };
}

/** The first documents of the sample, which is in random order, in two dimensions. */
function mapOf(points: readonly Float64Array[], members: Int32Array, { mean }: Clusters): FitFacts["map"] {
  const size = mean.length;
  const { mean: middle, components } = principalPlane(points.filter((_, at) => members[at]! >= 0), size);
  const along = (point: Float64Array, axis: number) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (point[i]! - middle[i]!) * components[i * 2 + axis]!;
    return Math.round(sum * 1e4) / 1e4;
  };
  return points.slice(0, MAP_DOCUMENTS).flatMap((point, at) =>
    members[at]! < 0 ? [] : [[along(point, 0), along(point, 1), members[at]!] as const]
  );
}
