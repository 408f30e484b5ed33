// The description of a clustering, `clustering.json`: what people read, and other commands go by.
import { join } from "node:path";
import { z } from "zod";
import { isDomainName } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { writeTextAtomically } from "../run/mod.ts";
import type { ClusteringSchema, ClusterSchema } from "./inferred-types.ts";
import { checkVersion, CLUSTERING_VERSION, damaged } from "./model.ts";
import { nameKey } from "./names.ts";

/** The file's name. */
export const DESCRIPTION_FILE = "clustering.json";

const FORMAT = "stitchbook-clustering";
const share = z.number().min(0).max(1);
const tally = z.int().min(0);

const clusterSchema: ClusterSchema = z.object({
  /** The domain's name. */
  name: z.string(),
  documents: tally,
  /** UTF-8 bytes of the documents. */
  bytes: z.number(),
  /** Of all documents. */
  share,
  topTerms: z.array(z.string()),
  /** Other clusters, the nearest center first. */
  neighbors: z.array(z.string()),
  /** The mean weight that C-BTM's ensemble gives to each cluster's model on the documents of this one. */
  overlap: z.record(z.string(), share),
  /** Documents of the cluster that are near no center. */
  far: tally,
  /** Mean squared distance from the center, and its standard deviation over documents. */
  distance: z.number(),
  distanceDeviation: z.number(),
  /** Shares of the sampled documents by language: ISO 639-3 codes, `und` where it cannot be told. */
  languages: z.record(z.string(), share),
  /** Documents by the file that they are from, the most first; by folder, ending with a slash, if files are many. */
  sources: z.array(z.object({ source: z.string(), documents: tally })),
  /** The documents nearest to the center. */
  typical: z.array(z.object({ id: z.string(), text: z.string(), distance: z.number() })),
  /** File of the documents, from the clustering's folder. */
  file: z.string(),
});

/** Schema of `clustering.json`. */
export const clusteringSchema: ClusteringSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(CLUSTERING_VERSION),
  settings: z.object({
    count: z.int(),
    seed: z.int(),
    features: z.enum(["tf-idf", "hidden"]),
    dimensions: z.int(),
    sample: z.int(),
    balanced: z.boolean(),
    leaveFar: z.boolean(),
    files: z.array(z.string()),
    textField: z.string(),
    skipBad: z.boolean(),
  }),
  /** The model whose hidden states are the features. */
  model: z.object({
    /** As it was named. */
    path: z.string(),
    /** SHA-256 of its tokenizer.json. */
    tokenizer: z.string(),
    /** Tokens of a document that are read, at most. */
    tokens: z.int(),
  }).optional(),
  documents: tally,
  bytes: z.number(),
  /** Exact repetitions, which were left out. */
  duplicates: tally,
  /** Records and files that could not be read. */
  skipped: tally,
  /** Documents that the clusters were fitted to. */
  sampled: tally,
  /** Documents near no center. */
  far: tally,
  /** The domain that they are in, if they are left to the seed. */
  rest: z.object({ name: z.string(), documents: tally, file: z.string() }).optional(),
  /** Share of the occurrences of terms that the vocabulary lacks. */
  unknownTerms: share,
  fingerprint: z.string(),
  /** SHA-256 of the files that assign text, by name; older clusterings lack it. */
  sha256: z.record(z.string(), z.string()).optional(),
  clusters: z.array(clusterSchema),
});

export type Clustering = z.infer<typeof clusteringSchema>;
export type ClusterDescription = z.infer<typeof clusterSchema>;

/** A description without what every one has. */
export type NewClustering = Omit<Clustering, "format" | "version">;

/** Writes a description into a folder. */
export async function saveDescription(
  folder: string,
  clustering: NewClustering,
): Promise<Clustering> {
  const whole: Clustering = { format: FORMAT, version: CLUSTERING_VERSION, ...clustering };
  await writeTextAtomically(join(folder, DESCRIPTION_FILE), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/**
 * Reads the description in a folder.
 *
 * @throws UserError `domains.saved` if there is none, or it is damaged or of another version
 */
export async function loadDescription(folder: string): Promise<Clustering> {
  const path = join(folder, DESCRIPTION_FILE);
  let value: unknown;
  try {
    value = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(path, "it is not JSON");
    throw new UserError(
      "domains.saved",
      `${folder} is not a clustering: it has no file ${DESCRIPTION_FILE} that can be read`,
      "name the folder that deno task domains discover wrote",
    );
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== FORMAT) throw damaged(path, "it is not the description of a clustering");
  checkVersion(path, version);
  const parsed = clusteringSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw damaged(path, `${issue!.path.join(".")}: ${issue!.message}`);
  }
  const why = contradiction(parsed.data);
  if (why !== undefined) throw damaged(path, why);
  return parsed.data;
}

/** Documents that each cluster got at the discovery, with those near no center, even if these are left to the seed. */
export function countsOf({ clusters, settings }: Pick<Clustering, "clusters" | "settings">): number[] {
  return clusters.map(({ documents, far }) => documents + (settings.leaveFar ? far : 0));
}

/** What in a description does not fit together. */
function contradiction({ settings, model, documents, rest, clusters }: Clustering): string | undefined {
  if (clusters.length !== settings.count) {
    return `it has ${clusters.length} clusters instead of ${settings.count}, its settings.count`;
  }
  const domains = [...clusters, ...rest === undefined ? [] : [rest]];
  const wrong = domains.find(({ name }) => !isDomainName(name));
  if (wrong !== undefined) return `${JSON.stringify(wrong.name)} cannot be the name of a domain`;
  const keys = domains.map(({ name }) => nameKey(name));
  const twice = domains.find(({ name }, at) => keys.indexOf(nameKey(name)) < at);
  if (twice !== undefined) return `two of its domains have the name "${twice.name}"`;
  const sum = domains.reduce((sum, { documents }) => sum + documents, 0);
  if (documents === 0 || sum !== documents) return `its domains have ${sum} documents, and all together ${documents}`;
  if (settings.features === "hidden" && model === undefined) return "the model of its hidden states is missing";
  return undefined;
}
