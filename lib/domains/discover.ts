// Discovers domains in unlabeled documents, from files to a folder that an experiment can be run from.
import { join } from "node:path";
import { absent, UserError } from "../errors.ts";
import { FEWEST_DOCUMENTS } from "./clusters.ts";
import { writeDomainsConfig } from "./config-file.ts";
import { describe, fileOf } from "./describe.ts";
import { type Clustering, type NewClustering, saveDescription } from "./description.ts";
import { type Source, sourceDocuments } from "./documents.ts";
import { hiddenFeatures, tfIdfFeatures } from "./features.ts";
import { type Fit, type FitOptions, fitSample } from "./fit.ts";
import type { Encoder } from "./hidden.ts";
import { loadClusterModel, modelHashes, saveClusterModel } from "./model.ts";
import { REST_NAME } from "./names.ts";
import { checkOut, discard, finish, keyOf, openWork, outOfSpace, saveWork, type Work } from "./partial.ts";
import { writeDiscoveryReport } from "./report.ts";
import { type Survey, surveyor } from "./sample.ts";
import { sortDocuments } from "./sort.ts";
import { spaceOf } from "./space-of.ts";

/** File of the sample's hidden states, until the clusters are fitted. */
const STATES_FILE = "states.f32";

/** What is done now, and how far it is. */
export interface DiscoveryProgress {
  readonly stage: "reading" | "fitting" | "assigning";
  /** Documents; while they are read first, their number is unknown. */
  readonly done: number;
  readonly total?: number;
}

/** How to discover domains. */
export interface DiscoverOptions extends Source, FitOptions {
  /** Folder of the result, which must be new or empty. */
  readonly out: string;
  /** Dimensions of tf-idf after projection, at most. */
  readonly dimensions: number;
  /** Opens the model whose hidden states are the features; by default these are tf-idf. */
  readonly encoder?: (() => Promise<Encoder>) | undefined;
  /** Documents that the clusters are fitted to, at most. */
  readonly sample: number;
  /** Documents near no center make a domain without an expert. */
  readonly leaveFar: boolean;
  readonly onProgress?: (progress: DiscoveryProgress) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds between what a killed process leaves for the next one. @default 5000 */
  readonly keepMs?: number;
}

/**
 * Discovers domains: reads all documents once and samples them, fits clusters to the sample, reads the documents again and
 * assigns each. The folder gets the documents of each domain, the configuration of an experiment on them, the clustering with
 * its description, and a report. A discovery that was killed goes on when it is called again alike, to the same bytes.
 *
 * Source: C-BTM (arXiv 2303.14177).
 *
 * @throws UserError for files that cannot be read, too few documents, and a folder that cannot be written; after a full
 *   disk, the work is left to the next call
 */
export async function discoverDomains(options: DiscoverOptions): Promise<Clustering> {
  const { out, onProgress, signal } = options;
  await checkOut(out);
  const survey = await surveyed(options);
  checkEnough(survey, options.count);
  using encoder = await options.encoder?.();
  using work = await openWork(out, keyOf([settingsOf(options), out, encoder?.about], survey.fingerprint));
  try {
    const { model, facts } = await fitted(work, survey, options, encoder);
    const space = spaceOf(model, encoder);
    const { sort } = work.state ?? {};
    const { tally, fingerprint } = await sortDocuments(sourceDocuments(options), {
      space,
      clusters: model.clusters,
      folder: work.textFolder,
      files: facts.names.map(fileOf),
      restFile: options.leaveFar ? fileOf(REST_NAME) : undefined,
      from: sort,
      keep: (state) => saveWork(work, { facts, sort: state }),
      keepMs: options.keepMs,
      onProgress: (done) => onProgress?.({ stage: "assigning", done, total: survey.documents + survey.duplicates }),
      signal,
    });
    if (fingerprint !== survey.fingerprint) throw changedError();
    const description = describe(settingsOf(options), survey, { model, facts }, tally);
    checkSizes(description);
    const clustering = await saveDescription(work.folder, {
      ...description,
      sha256: await modelHashes(work.folder),
      ...(encoder === undefined ? {} : { model: encoder.about }),
    });
    await writeDomainsConfig(work.folder, pathsOf(clustering, out), clustering.rest?.name);
    await writeDiscoveryReport(work.folder, clustering, facts.map);
    await finish(work, out);
    return clustering;
  } catch (error) {
    const full = outOfSpace(
      error,
      work,
      "free some space and give the same command again, which goes on from there, or name a folder on another disk with --out",
    );
    if (full !== undefined) throw full;
    // After a mistake nothing is left; after anything else, the work can go on.
    if (error instanceof UserError) await discard(work);
    throw error;
  }
}

/** Reads all documents once. */
async function surveyed(options: DiscoverOptions): Promise<Survey & { readonly skipped: number }> {
  const survey = surveyor(options.sample, options.seed);
  let done = 0, skipped = 0;
  for await (const { document } of sourceDocuments(options, () => void skipped++)) {
    survey.add(document.text);
    if (++done % 64 === 0) options.onProgress?.({ stage: "reading", done });
    options.signal?.throwIfAborted();
  }
  return { ...survey.end(), skipped };
}

/** @throws UserError `domains.few` */
function checkEnough({ documents, duplicates }: Survey, count: number): void {
  if (documents >= FEWEST_DOCUMENTS * count) return;
  const repeated = duplicates === 0 ? "" : `, besides ${duplicates} that repeat one of them`;
  throw new UserError(
    "domains.few",
    `Cannot find ${count} clusters in ${documents} different document${
      documents === 1 ? "" : "s"
    }${repeated}: a domain ` +
      `needs at least ${FEWEST_DOCUMENTS}`,
    documents < 2 * FEWEST_DOCUMENTS
      ? "give more text"
      : `give more text, or ask for at most ${Math.floor(documents / FEWEST_DOCUMENTS)} clusters with --count`,
  );
}

/** The model that an earlier process left, or a new one. */
async function fitted(
  work: Work,
  { sample }: Survey,
  options: DiscoverOptions,
  encoder: Encoder | undefined,
): Promise<Fit> {
  const facts = work.state?.facts;
  if (facts !== undefined) return { model: await loadClusterModel(work.folder), facts };
  const onProgress = (done: number) => options.onProgress?.({ stage: "fitting", done, total: sample.length });
  onProgress(0);
  const path = join(work.folder, STATES_FILE);
  const features = encoder === undefined
    ? tfIdfFeatures(options.dimensions, options.seed)
    : hiddenFeatures(encoder, { path, onProgress, signal: options.signal });
  const fit = await fitSample(sample, options, features);
  await saveClusterModel(work.folder, fit.model);
  await saveWork(work, { facts: fit.facts });
  await Deno.remove(path).catch(absent);
  return fit;
}

/** @throws UserError `domains.few` for a cluster that cannot be a domain */
function checkSizes({ clusters, rest }: NewClustering): void {
  const few = [...clusters, ...rest === undefined ? [] : [rest]].find(({ documents }) => documents < FEWEST_DOCUMENTS);
  if (few === undefined) return;
  throw new UserError(
    "domains.few",
    `Cannot make a domain of "${few.name}": it has ${few.documents} document${few.documents === 1 ? "" : "s"}, and a ` +
      `domain needs at least ${FEWEST_DOCUMENTS}`,
    few === rest
      ? "leave out --leave-far"
      : "give more text, ask for fewer clusters with --count, or leave out --no-balance and --leave-far",
  );
}

function changedError(): UserError {
  return new UserError(
    "domains.changed",
    "The files changed while they were read, so the documents that were sampled are not those that were assigned",
    "give the command again when nothing writes to them",
  );
}

/** What the result depends on besides the documents. */
export function settingsOf(options: DiscoverOptions) {
  const { count, seed, dimensions, sample, balanced, leaveFar, files, textField, skipBad } = options;
  return {
    count,
    seed,
    features: options.encoder === undefined ? "tf-idf" as const : "hidden" as const,
    dimensions,
    sample,
    balanced,
    leaveFar,
    files: [...files],
    textField,
    skipBad,
  };
}

/** Each domain with the path of its documents. */
function pathsOf({ clusters, rest }: Clustering, out: string): Record<string, string> {
  return Object.fromEntries(
    [...clusters, ...rest === undefined ? [] : [rest]].map(({ name, file }) => [name, join(out, file)]),
  );
}
