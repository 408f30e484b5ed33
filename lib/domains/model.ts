// A fitted clustering as files: what assigns new text to the clusters.
import { join } from "node:path";
import { systemReason, UserError } from "../errors.ts";
import { readSafetensors, type TensorToSave, writeSafetensors } from "../huggingface/mod.ts";
import { sha256OfFile, writeTextAtomically } from "../run/mod.ts";
import type { Clusters } from "./clusters.ts";
import type { Vocabulary } from "./tf-idf.ts";

/** What a document's point is made of. */
export type FeatureKind = "tf-idf" | "hidden";

/** Everything that assigns text to clusters. */
export interface ClusterModel {
  readonly features: FeatureKind;
  /** Terms of the sample: tf-idf, and how much of new text is known. */
  readonly vocabulary: Vocabulary;
  /** Tf-idf: the projection, row-major `[terms, size]`. Hidden states: their mean `[size]`. */
  readonly basis: Float32Array;
  readonly size: number;
  readonly clusters: Clusters;
  /** Hidden states: what tells the model's weights from others. */
  readonly probe?: Float64Array | undefined;
}

/** The version of the files; another one is refused. */
export const CLUSTERING_VERSION = 1;

const MODEL_FILE = "clustering.safetensors";
const VOCABULARY_FILE = "vocabulary.txt";

/** Writes a model into a folder. */
export async function saveClusterModel(folder: string, model: ClusterModel): Promise<void> {
  const { features, vocabulary: { terms, idf }, basis, size, clusters, probe } = model;
  const { count, centers, prices, mean } = clusters;
  await writeTextAtomically(join(folder, VOCABULARY_FILE), terms.map((term) => `${term}\n`).join(""));
  const tensors: Record<string, TensorToSave> = {
    idf: { shape: [terms.length], data: idf },
    basis: { shape: features === "tf-idf" ? [terms.length, size] : [size], data: basis },
    centers: { shape: [count, size], data: centers },
    prices: { shape: [count], data: prices },
    mean: { shape: [size], data: mean },
    ...(probe === undefined ? {} : { probe: { shape: [probe.length], data: probe } }),
  };
  await writeSafetensors(join(folder, MODEL_FILE), tensors, { features, version: String(CLUSTERING_VERSION) });
}

/** SHA-256 of each of the files that a model is in, by name. */
export async function modelHashes(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of [MODEL_FILE, VOCABULARY_FILE]) hashes[name] = await sha256OfFile(join(folder, name));
  return hashes;
}

/**
 * Checks that the files of a model are those of which a description has the hashes.
 *
 * @param hashes as {@linkcode modelHashes} returned them
 * @throws UserError `domains.saved` for a file that was changed, or is of another clustering
 */
export async function checkModelHashes(folder: string, hashes: Readonly<Record<string, string>>): Promise<void> {
  const found = await modelHashes(folder);
  const other = Object.keys(found).find((name) => found[name] !== hashes[name]);
  if (other === undefined) return;
  throw damaged(
    join(folder, other),
    "it was changed, or is of another clustering: its SHA-256 is not the one that was kept",
  );
}

/**
 * Reads the model in a folder.
 *
 * @throws UserError `domains.saved` if it is missing, damaged or of another version
 */
export async function loadClusterModel(folder: string): Promise<ClusterModel> {
  const path = join(folder, MODEL_FILE);
  const { tensors, metadata } = await readSafetensors(path);
  checkVersion(path, metadata["version"]);
  const { features } = metadata;
  const vocabulary = join(folder, VOCABULARY_FILE);
  const text = await Deno.readTextFile(vocabulary).catch((error) => {
    throw damaged(vocabulary, systemReason(error) ?? error.message);
  });
  const terms = text.split("\n").slice(0, -1);
  const doubles = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor?.dtype !== "F64") throw damaged(path, `it has no tensor "${name}" of doubles`);
    return tensor.data as Float64Array;
  };
  const basis = tensors.get("basis");
  const [count = 0, size = 0] = tensors.get("centers")?.shape ?? [];
  const idf = doubles("idf"), centers = doubles("centers"), prices = doubles("prices"), mean = doubles("mean");
  if (features !== "tf-idf" && features !== "hidden") throw damaged(path, `its features are "${features}"`);
  if (terms.length !== idf.length) {
    throw damaged(vocabulary, `it has ${terms.length} terms, and ${MODEL_FILE} has ${idf.length}`);
  }
  const rows = features === "tf-idf" ? terms.length : 1;
  const fits = basis?.dtype === "F32" && basis.data.length === rows * size && prices.length === count &&
    mean.length === size;
  if (!fits) throw damaged(path, "its tensors do not fit together");
  return {
    features,
    vocabulary: { terms, idf },
    basis: basis.data as Float32Array,
    size,
    clusters: { count, centers, prices, mean },
    ...(tensors.has("probe") ? { probe: doubles("probe") } : {}),
  };
}

/** @throws UserError `domains.saved` for files of another version */
export function checkVersion(path: string, version: unknown): void {
  if (String(version) === String(CLUSTERING_VERSION)) return;
  throw new UserError(
    "domains.saved",
    `Cannot use ${path}: it is a clustering of version ${String(version)}, and this program reads version ` +
      `${CLUSTERING_VERSION}`,
    "run deno task domains discover again",
  );
}

/** The error for files that cannot be used. */
export function damaged(path: string, why: string): UserError {
  return new UserError("domains.saved", `Cannot use ${path}: ${why}`, "run deno task domains discover again");
}
