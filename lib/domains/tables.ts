// Tables of a clustering, for the terminal and the report.
import { basename } from "node:path";
import { byteSize } from "../report/mod.ts";
import { numberColumn, type Table, textColumn } from "../run/mod.ts";
import { type Clustering, countsOf } from "./description.ts";
import type { Drift } from "./drift.ts";

const percent = (share: number) => 100 * share;

/** One row per cluster. @param terms how many of its top terms are shown */
export function clustersTable(clustering: Clustering, terms = 5): Table {
  const { clusters } = clustering;
  const counts = countsOf(clustering);
  return {
    name: "clusters",
    title: "Discovered domains",
    columns: [
      textColumn("domain"),
      numberColumn("documents", "documents", 0),
      textColumn("size"),
      numberColumn("far", "near no center", 0),
      numberColumn("own", "own weight, %", 0),
      textColumn("nearest"),
      textColumn("languages"),
      textColumn("terms", "top terms"),
      textColumn("sources"),
    ],
    rows: clusters.map(({ name, documents, bytes, far, overlap, neighbors, languages, sources, topTerms }, at) => ({
      domain: name,
      documents,
      size: byteSize(bytes),
      far,
      own: percent(overlap[name] ?? 0),
      nearest: neighbors.slice(0, 2).join(", "),
      languages: mix(Object.entries(languages)),
      sources: mix(sources.map(({ source, documents: own }) => [shortName(source), own / Math.max(1, counts[at]!)])),
      terms: topTerms.slice(0, terms).join(" "),
    })),
  };
}

/** The overlap of all pairs. */
export function overlapTable({ clusters }: Clustering): Table {
  return {
    name: "overlap",
    title:
      "Overlap: the mean weight, in percent, that C-BTM's ensemble gives to the model of each column on the documents " +
      "of a row",
    columns: [textColumn("domain"), ...clusters.map(({ name }) => numberColumn(name, name, 0))],
    rows: clusters.map(({ name, overlap }) => ({
      domain: name,
      ...Object.fromEntries(clusters.map((other) => [other.name, percent(overlap[other.name] ?? 0)])),
    })),
  };
}

/** One row per cluster of newly assigned documents. */
export function assignmentTable({ clusters }: Drift): Table {
  return {
    name: "assignment",
    title: "Documents by domain",
    columns: [
      textColumn("domain"),
      numberColumn("documents", "documents", 0),
      numberColumn("share", "share, %", 1),
      numberColumn("shareBefore", "at discovery, %", 1),
      numberColumn("far", "near no center", 0),
      numberColumn("distance", "distance²", 3),
      numberColumn("distanceBefore", "at discovery", 3),
    ],
    rows: clusters.map(({ name, documents, share, shareBefore, far, distance, distanceBefore }) => ({
      domain: name,
      documents,
      share: percent(share),
      shareBefore: percent(shareBefore),
      far,
      distance: documents === 0 ? null : distance,
      distanceBefore,
    })),
  };
}

/** What there is to say besides the tables. */
export function clusteringFacts(clustering: Clustering): string[] {
  const { documents, bytes, duplicates, skipped, sampled, far, rest, clusters, settings } = clustering;
  const many = (count: number, what: string) => `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
  return [
    `${many(documents, "document")} (${byteSize(bytes)}) in ${clusters.length} clusters, fitted to ` +
    `${sampled === documents ? "all of them" : `a sample of ${sampled.toLocaleString("en-US")}`}` +
    (settings.balanced ? ", sizes balanced" : ""),
    ...(duplicates > 0 ? [`${many(duplicates, "document")} left out: exact repetitions`] : []),
    ...(skipped > 0 ? [`${many(skipped, "record or file")} left out: unreadable`] : []),
    `${many(far, "document")} near no center (the mean of all documents is as near)` +
    (rest === undefined ? "" : `, left to the seed as the domain "${rest.name}", which has no expert`),
  ];
}

/** The last part of a path; a folder keeps its slash. */
function shortName(source: string): string {
  return basename(source) + (source.endsWith("/") ? "/" : "");
}

/** `eng 82 %, fra 10 %`: the largest shares, largest first; those that round to 0 are not shown. */
function mix(shares: readonly (readonly [name: string, share: number])[]): string {
  const shown = shares.slice(0, 3).filter(([, share], at) => at === 0 || percent(share) >= 0.5).map(([name, share]) =>
    `${name} ${Math.round(percent(share))} %`
  );
  return shown.join(", ") + (shares.length > shown.length ? ", …" : "");
}
