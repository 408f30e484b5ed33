// Assigns new documents to the clusters of a saved clustering, and compares them with those of the discovery.
import { join } from "node:path";
import { FEWEST_DOCUMENTS } from "./clusters.ts";
import { writeDomainsConfig } from "./config-file.ts";
import { fileOf } from "./describe.ts";
import { type Clustering, DESCRIPTION_FILE, loadDescription } from "./description.ts";
import type { DiscoveryProgress } from "./discover.ts";
import { type Source, sourceDocuments } from "./documents.ts";
import { type Drift, driftOf } from "./drift.ts";
import { checkEncoder, type Encoder } from "./hidden.ts";
import { checkModelHashes, type ClusterModel, damaged, loadClusterModel } from "./model.ts";
import { discard, finish, openWork, outOfSpace, TEXT_FOLDER } from "./partial.ts";
import { sortDocuments, type Sorted } from "./sort.ts";
import { spaceOf } from "./space-of.ts";

/** How to assign. */
export interface AssignOptions extends Source {
  /** Folder of the clustering. */
  readonly clustering: string;
  /** Folder for the documents by domain, which must be new or empty; without it they are only counted. */
  readonly out?: string | undefined;
  /** Opens the model of a clustering by hidden states. */
  readonly encoder?: (clustering: Clustering) => Promise<Encoder>;
  readonly onProgress?: (progress: DiscoveryProgress) => void;
  readonly signal?: AbortSignal;
}

/** What came of it. */
export interface Assignment extends Drift {
  readonly duplicates: number;
  /** Records and files that could not be read. */
  readonly skipped: number;
}

/**
 * Assigns documents as the discovery did, and reports drift. With `out`, the folder gets the documents of each domain and a
 * configuration for them.
 *
 * @throws UserError for a clustering that cannot be used, files that cannot be read, and no documents
 */
export async function assignDocuments(options: AssignOptions): Promise<Assignment> {
  const { clustering: folder, out, onProgress, signal } = options;
  const clustering = await loadDescription(folder);
  const model = await loadClusterModel(folder);
  checkAlike(folder, clustering, model);
  if (clustering.sha256 !== undefined) await checkModelHashes(folder, clustering.sha256);
  using encoder = clustering.settings.features === "hidden" ? await options.encoder?.(clustering) : undefined;
  if (encoder !== undefined) checkEncoder(encoder, { model: clustering.model, probe: model.probe, folder });
  const space = spaceOf(model, encoder);
  let skipped = 0;
  const { rest, clusters } = clustering;
  const sorted = (into?: string): Promise<Sorted> =>
    sortDocuments(sourceDocuments(options, () => void skipped++), {
      space,
      clusters: model.clusters,
      folder: into,
      files: clusters.map(({ name }) => fileOf(name)),
      restFile: rest === undefined ? undefined : fileOf(rest.name),
      onProgress: (done) => onProgress?.({ stage: "assigning", done }),
      signal,
    });
  using work = out === undefined ? undefined : await openWork(out, crypto.randomUUID());
  try {
    const { tally, duplicates } = await sorted(work?.textFolder);
    const drift = driftOf(clustering, tally);
    if (work !== undefined && out !== undefined) {
      const paths = trainable(drift, rest).map((name) => [name, join(out, TEXT_FOLDER, fileOf(name))] as const);
      await writeDomainsConfig(work.folder, Object.fromEntries(paths), rest?.name);
      await finish(work, out);
    }
    return { ...drift, duplicates, skipped };
  } catch (error) {
    if (work === undefined) throw error;
    await discard(work);
    throw outOfSpace(error, work, "free some space, or name a folder on another disk with --out") ?? error;
  }
}

/** @throws UserError `domains.saved` for the description of another model */
function checkAlike(folder: string, { settings, clusters }: Clustering, model: ClusterModel): void {
  const told = `${clusters.length} clusters by ${settings.features}`;
  const found = `${model.clusters.count} clusters by ${model.features}`;
  if (told !== found) throw damaged(join(folder, DESCRIPTION_FILE), `it describes ${told}, and the model has ${found}`);
}

/** The domains that have enough documents. */
function trainable({ clusters, far }: Drift, rest: Clustering["rest"]): string[] {
  const left = rest === undefined ? 0 : 1;
  const sizes = clusters.map(({ name, documents, far }) => ({ name, documents: documents - left * far }));
  const all = rest === undefined ? sizes : [...sizes, { name: rest.name, documents: far.documents }];
  return all.flatMap(({ name, documents }) => documents >= FEWEST_DOCUMENTS ? [name] : []);
}
