// Assigns documents to clusters, one after the other, and writes each into the file of its domain.
import { createHash } from "node:crypto";
import type { FileDocument } from "../data/mod.ts";
import { type Clusters, placeOf } from "./clusters.ts";
import { documentLine, plainText } from "./documents.ts";
import { lineFiles } from "./line-files.ts";
import { digestOf, firstOccurrences } from "./sample.ts";
import type { Space } from "./space.ts";
import { count, emptyTally, type Tally } from "./tally.ts";

/** How far the work is: what a process needs to go on after another one has died. */
export interface SortState {
  /** Documents read, repetitions included. */
  readonly read: number;
  /** Sizes of the files. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly tally: Tally;
}

/** What came of it. */
export interface Sorted {
  readonly tally: Tally;
  /** Of all texts in their order, as that of a survey. */
  readonly fingerprint: string;
  readonly duplicates: number;
}

/** Where documents go. */
export interface SortOptions {
  readonly space: Space;
  readonly clusters: Clusters;
  /** Folder of the files; without it, documents are only counted. */
  readonly folder?: string | undefined;
  /** File of each cluster, and of documents near no center, if these have their own. */
  readonly files: readonly string[];
  readonly restFile?: string | undefined;
  readonly from?: SortState | undefined;
  /** Called now and then, after everything has been written that the state has. */
  readonly keep?: (state: SortState) => Promise<void>;
  /** Milliseconds between calls of `keep`. @default 5000 */
  readonly keepMs?: number | undefined;
  readonly onProgress?: ((read: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Documents whose points are computed together. */
const BATCH = 64;

/**
 * Assigns documents; those that repeat one exactly are left out. Memory does not grow with them, but for 24 bytes or more of
 * each.
 *
 * @throws the reason of the signal
 */
export async function sortDocuments(
  documents: AsyncIterable<FileDocument>,
  { space, clusters, folder, files, restFile, from, keep, keepMs = 5000, onProgress, signal }: SortOptions,
): Promise<Sorted> {
  const fingerprint = createHash("sha256");
  const tally = structuredClone(from?.tally ?? emptyTally(clusters.count));
  const names = restFile === undefined ? files : [...files, restFile];
  const out = folder === undefined ? undefined : lineFiles(folder, names, from?.sizes ?? {});
  const first = firstOccurrences();
  let waiting: FileDocument[] = [];
  let read = 0;
  let kept = performance.now();
  const assign = async () => {
    const texts = waiting.map(({ document }) => plainText(document));
    const points = await space.points(texts);
    waiting.forEach(({ file, document }, at) => {
      const { point, terms, unknown } = points[at]!;
      const place = placeOf(clusters, point);
      count(tally, { id: document.id, file, text: texts[at]!, place, terms, unknown });
      const target = place.isFar && restFile !== undefined ? restFile : files[place.cluster]!;
      out?.append(target, documentLine(document));
    });
    waiting = [];
  };
  for await (const one of documents) {
    read++;
    const digest = digestOf(one.document.text);
    fingerprint.update(digest);
    const isNew = first.isFirst(digest);
    if (read <= (from?.read ?? 0) || !isNew) continue;
    waiting.push(one);
    if (waiting.length < BATCH) continue;
    await assign();
    onProgress?.(read);
    if (keep !== undefined && performance.now() - kept >= keepMs) {
      await keep({ read, sizes: out?.flush() ?? {}, tally });
      kept = performance.now();
    }
    signal?.throwIfAborted();
  }
  await assign();
  out?.flush();
  return { tally, fingerprint: fingerprint.digest("hex"), duplicates: read - first.count() };
}
