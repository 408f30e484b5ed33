// A model folder's weights as they are stored: found, checked against its configuration, and put on the device.
import {
  checkWeights,
  type ModelConfig,
  type OwnedWeights,
  storedToDevice,
  type StoredWeight,
  type WeightFormat,
} from "../model/mod.ts";
import { dtypeError, isWeightDtype } from "./dtypes.ts";
import { readJson } from "./files.ts";
import { fromHuggingFaceConfig } from "./llama-config.ts";
import { openWeightFiles, type WeightFiles } from "./weight-files.ts";

const HEAD = "lm_head.weight";
const EMBEDDINGS = "model.embed_tokens.weight";
/** Values that are compared at once. */
const PIECE = 1 << 20;

/** A folder's open weight files, which its configuration fits. */
export interface StoredModel extends Disposable {
  readonly config: ModelConfig;
  readonly files: WeightFiles;
  /** By weight of the configuration, its name in the files. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Opens the weights of a folder and reads their headers. As in Python's transformers, a stored head that differs from the
 * embeddings overrides `tie_word_embeddings`.
 *
 * @throws UserError naming the file and the problem
 */
export async function openStoredModel(folder: string): Promise<StoredModel> {
  const said = fromHuggingFaceConfig(await readJson(`${folder}/config.json`), `${folder}/config.json`);
  const files = await openWeightFiles(folder);
  try {
    const config = { ...said, tiedEmbeddings: said.tiedEmbeddings && !hasOwnHead(files) };
    const names = new Map([...files.weights.keys()].map((name) => [name, name]));
    if (config.tiedEmbeddings && names.delete(HEAD) && !names.has(EMBEDDINGS)) names.set(EMBEDDINGS, HEAD);
    checkWeights(
      config,
      Object.fromEntries([...names].map(([name, stored]) => [name, files.weights.get(stored)!])),
      `"${folder}"`,
    );
    return { config, files, names, [Symbol.dispose]: files.close };
  } catch (error) {
    files.close();
    throw error;
  }
}

/**
 * Puts a folder's weights on the device for inference, one after another; the file is never in memory as a whole.
 *
 * @param format how matrices are held. @default "stored"
 * @throws UserError naming the file and the problem, or `device.room` if they do not fit
 */
export async function loadOnDevice(
  folder: string,
  format?: WeightFormat,
): Promise<{ readonly config: ModelConfig; readonly weights: OwnedWeights }> {
  using model = await openStoredModel(folder);
  return { config: model.config, weights: storedToDevice(storedWeights(model), `The model in "${folder}"`, format) };
}

/** The weights of an open model by name, to be read before it is closed. @throws UserError for a type that is no weight's */
export function storedWeights({ files, names }: StoredModel): Readonly<Record<string, StoredWeight>> {
  return Object.fromEntries([...names].map(([name, from]) => [name, storedWeight(files, from)]));
}

function storedWeight({ folder, weights, read, readBytes }: WeightFiles, name: string): StoredWeight {
  const { dtype, shape } = weights.get(name)!;
  if (!isWeightDtype(dtype)) throw dtypeError(folder, name, dtype);
  const width = shape.at(-1)!;
  return {
    shape,
    rows: { type: dtype, read: (first, count) => readBytes(name, first * width, (first + count) * width) },
    values(begin, end) {
      const values = new Float32Array(end - begin);
      read(name, begin, end, values);
      return values;
    },
  };
}

/** Whether a head is stored that differs from the embeddings. */
function hasOwnHead({ weights, read }: WeightFiles): boolean {
  const [head, embeddings] = [weights.get(HEAD), weights.get(EMBEDDINGS)];
  if (head === undefined || embeddings === undefined) return false;
  if (String(head.shape) !== String(embeddings.shape)) return true;
  const size = head.shape.reduce((a, b) => a * b, 1);
  for (let at = 0; at < size; at += PIECE) {
    const to = Math.min(size, at + PIECE);
    const [a, b] = [read(HEAD, at, to), read(EMBEDDINGS, at, to)];
    if (a.some((value, i) => value !== b[i] && !Object.is(value, b[i]))) return true;
  }
  return false;
}
