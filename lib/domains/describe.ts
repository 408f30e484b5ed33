// Puts together what is known of the clusters: from the sample, and from all documents.
import { join } from "node:path/posix";
import { neighborsOf } from "./clusters.ts";
import type { ClusterDescription, NewClustering } from "./description.ts";
import type { Fit } from "./fit.ts";
import { REST_NAME } from "./names.ts";
import { TEXT_FOLDER } from "./partial.ts";
import type { Survey } from "./sample.ts";
import { listedSources } from "./sources.ts";
import type { ClusterTally, Tally } from "./tally.ts";

/** Name of the file of a domain's documents. */
export function fileOf(name: string): string {
  return `${name}.jsonl`;
}

/** Describes a clustering. */
export function describe(
  settings: NewClustering["settings"],
  survey: Survey & { readonly skipped: number },
  { model, facts }: Fit,
  tally: Tally,
): NewClustering {
  const { documents, duplicates, bytes, fingerprint, skipped } = survey;
  const far = tally.clusters.reduce((sum, one) => sum + one.far, 0);
  return {
    settings,
    documents,
    bytes,
    duplicates,
    skipped,
    sampled: facts.sampled,
    far,
    ...(settings.leaveFar && far > 0
      ? { rest: { name: REST_NAME, documents: far, file: join(TEXT_FOLDER, fileOf(REST_NAME)) } }
      : {}),
    unknownTerms: tally.terms === 0 ? 0 : tally.unknownTerms / tally.terms,
    fingerprint,
    clusters: tally.clusters.map((one, cluster): ClusterDescription => ({
      ...sizesOf(one, documents, settings.leaveFar),
      ...measuresOf(one, facts.names),
      name: facts.names[cluster]!,
      topTerms: [...facts.topTerms[cluster]!],
      neighbors: neighborsOf(model.clusters, cluster).map((j) => facts.names[j]!),
      languages: { ...facts.languages[cluster] },
      file: join(TEXT_FOLDER, fileOf(facts.names[cluster]!)),
    })),
  };
}

function sizesOf({ documents, bytes, far, farBytes }: ClusterTally, all: number, leaveFar: boolean) {
  const own = leaveFar ? documents - far : documents;
  return { documents: own, bytes: leaveFar ? bytes - farBytes : bytes, share: own / Math.max(1, all), far };
}

/** What all documents of a cluster say of it. */
export type Measures = Pick<ClusterDescription, "distance" | "distanceDeviation" | "overlap" | "sources" | "typical">;

/** Means over the documents of a cluster; 0 of none. */
export function measuresOf(tally: ClusterTally, names: readonly string[]): Measures {
  const { documents, distance, distanceSquares, weights, sources, typical } = tally;
  const n = Math.max(1, documents);
  const mean = distance / n;
  return {
    distance: mean,
    distanceDeviation: Math.sqrt(Math.max(0, distanceSquares / n - mean ** 2)),
    overlap: Object.fromEntries(names.map((name, j) => [name, Math.min(1, weights[j]! / n)])),
    sources: listedSources(sources),
    typical: [...typical],
  };
}
