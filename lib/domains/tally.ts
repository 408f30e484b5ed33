// What is counted of the documents of each cluster while they are assigned. It is plain data, so that it can be kept.
import { Buffer } from "node:buffer";
import type { Place } from "./clusters.ts";
import { countSource, type SourceCounts } from "./sources.ts";

/** A document that is typical of its cluster. */
export interface TypicalDocument {
  readonly id: string;
  /** How it begins, on one line. */
  readonly text: string;
  /** Squared distance from the center. */
  readonly distance: number;
}

/** Counts of one cluster. */
export interface ClusterTally {
  documents: number;
  bytes: number;
  /** Documents near no center, and their bytes. */
  far: number;
  farBytes: number;
  /** Sum of the documents' squared distances from the center, and of the squares of these. */
  distance: number;
  distanceSquares: number;
  /** Sum of the documents' weights of each cluster. */
  weights: number[];
  /** Documents by the file that they are from, or its folder. */
  sources: SourceCounts;
  /** The documents nearest to the center, nearest first. */
  typical: TypicalDocument[];
}

/** Counts of all documents. */
export interface Tally {
  readonly clusters: ClusterTally[];
  terms: number;
  unknownTerms: number;
}

/** A document with its place. */
export interface PlacedDocument {
  readonly id: string;
  readonly file: string;
  readonly text: string;
  readonly place: Place;
  readonly terms: number;
  readonly unknown: number;
}

const TYPICAL = 3;
const EXCERPT = 240;

/** No documents in `count` clusters. */
export function emptyTally(count: number): Tally {
  return {
    clusters: Array.from({ length: count }, () => ({
      documents: 0,
      bytes: 0,
      far: 0,
      farBytes: 0,
      distance: 0,
      distanceSquares: 0,
      weights: Array<number>(count).fill(0),
      sources: {},
      typical: [],
    })),
    terms: 0,
    unknownTerms: 0,
  };
}

/** Counts a document. */
export function count(tally: Tally, { id, file, text, place, terms, unknown }: PlacedDocument): void {
  const { cluster, distance, isFar, weights } = place;
  const own = tally.clusters[cluster]!;
  own.documents++;
  const bytes = Buffer.byteLength(text);
  own.bytes += bytes;
  own.far += Number(isFar);
  own.farBytes += isFar ? bytes : 0;
  own.distance += distance;
  own.distanceSquares += distance ** 2;
  weights.forEach((weight, j) => own.weights[j]! += weight);
  countSource(own.sources, file);
  tally.terms += terms;
  tally.unknownTerms += unknown;
  if (own.typical.length < TYPICAL || distance < own.typical.at(-1)!.distance) {
    own.typical.push({ id, text: excerptOf(text), distance });
    own.typical.sort((a, b) => a.distance - b.distance);
    own.typical.length = Math.min(TYPICAL, own.typical.length);
  }
}

function excerptOf(text: string): string {
  const line = text.slice(0, 4 * EXCERPT).replace(/\s+/g, " ").trim();
  const cut = line.length > EXCERPT ? `${line.slice(0, EXCERPT - 1).trimEnd()}…` : line;
  return cut.toWellFormed();
}
