// Writes weights piece by piece into one file or several shards, for models larger than memory.
import type { Dtype } from "./dtypes.ts";
import { writeAtomically } from "./files.ts";
import { bytesOf, encodeHeader, type PlannedTensor } from "./safetensors.ts";

/** Hugging Face's own default for the size of a shard, in bytes. */
export const SHARD_BYTES = 5e9;

/** What {@linkcode writeWeightFiles} wrote. */
export interface WrittenWeights {
  readonly files: readonly string[];
  /** Size of the weights' data. */
  readonly bytes: number;
}

/**
 * Writes `model.safetensors`, or shards of at most `shardBytes` (a larger weight gets its own shard) and
 * `model.safetensors.index.json`, with the names that Python's transformers uses. Weights are in order of their names.
 *
 * @param dataOf yields the bytes of a weight in pieces; called once for each weight, in order
 * @throws UserError when a file cannot be written
 */
export async function writeWeightFiles(
  folder: string,
  weights: readonly PlannedTensor[],
  dataOf: (weight: PlannedTensor) => Iterable<Uint8Array>,
  { shardBytes = SHARD_BYTES, metadata = {} }: {
    readonly shardBytes?: number | undefined;
    readonly metadata?: Readonly<Record<string, string>> | undefined;
  } = {},
): Promise<WrittenWeights> {
  const shards = planShards(weights, shardBytes);
  const bytes = weights.reduce((sum, weight) => sum + bytesOf(weight), 0);
  const files = shards.map((_, i) =>
    shards.length === 1 ? "model.safetensors" : `model-${fiveDigits(i + 1)}-of-${fiveDigits(shards.length)}.safetensors`
  );
  for (const [i, shard] of shards.entries()) {
    const header = encodeHeader(shard, { ...metadata, format: "pt" });
    const total = header.length + shard.reduce((sum, weight) => sum + bytesOf(weight), 0);
    await writeAtomically(`${folder}/${files[i]}`, shardChunks(header, shard, dataOf), total);
  }
  if (shards.length > 1) {
    const map = Object.fromEntries(shards.flatMap((shard, i) => shard.map(({ name }) => [name, files[i]])));
    const index = JSON.stringify({ metadata: { total_size: bytes }, weight_map: map }, null, 2) + "\n";
    const content = new TextEncoder().encode(index);
    await writeAtomically(`${folder}/model.safetensors.index.json`, [content], content.length);
  }
  return { files, bytes };
}

function planShards(weights: readonly PlannedTensor[], shardBytes: number): PlannedTensor[][] {
  const shards: PlannedTensor[][] = [];
  let room = -1;
  for (const weight of weights.toSorted((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0)) {
    const bytes = bytesOf(weight);
    if (shards.length === 0 || bytes > room) {
      shards.push([]);
      room = shardBytes;
    }
    shards.at(-1)!.push(weight);
    room -= bytes;
  }
  // Larger element types come first, so that all data is aligned.
  return shards.map((shard) => shard.toSorted((a, b) => width(b.dtype) - width(a.dtype)));
}

const width = (dtype: Dtype) => bytesOf({ dtype, shape: [] });

function* shardChunks(
  header: Uint8Array,
  shard: readonly PlannedTensor[],
  dataOf: (weight: PlannedTensor) => Iterable<Uint8Array>,
): Generator<Uint8Array> {
  yield header;
  for (const weight of shard) {
    let bytes = 0;
    for (const chunk of dataOf(weight)) {
      bytes += chunk.length;
      yield chunk;
    }
    if (bytes !== bytesOf(weight)) {
      throw new TypeError(`Tensor "${weight.name}" needs ${bytesOf(weight)} bytes, not ${bytes}`);
    }
  }
}

const fiveDigits = (n: number) => String(n).padStart(5, "0");
