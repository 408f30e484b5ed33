// Writing weights that are in memory as safetensors of any type.
import { UserError } from "../errors.ts";
import type { HostTensor } from "../model/mod.ts";
import { encodeWeights, overflowAt, type WeightDtype } from "./dtypes.ts";
import { byteChunks } from "./safetensors.ts";
import { writeWeightFiles } from "./weight-writer.ts";

/** How weights are written. */
export interface SaveOptions {
  /** Their type. @default "F32" */
  readonly dtype?: WeightDtype;
  /** Maximum size of a file in bytes. @default SHARD_BYTES */
  readonly shardBytes?: number;
  /** Called before each weight is written, with the bytes that have been written so far. Throwing stops. */
  readonly onWeight?: (bytes: number) => void;
}

/**
 * Writes `model.safetensors`, or shards and their index.
 *
 * @param metadata of each file
 * @throws UserError `model.range` when a value does not fit the type, or a file cannot be written
 */
export async function saveWeights(
  folder: string,
  weights: ReadonlyMap<string, HostTensor>,
  { dtype = "F32", shardBytes, onWeight }: SaveOptions = {},
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const planned = [...weights].map(([name, { shape }]) => ({ name, dtype, shape }));
  let bytes = 0;
  await writeWeightFiles(folder, planned, function* ({ name }) {
    onWeight?.(bytes);
    for (const chunk of weightBytes(name, weights.get(name)!, dtype)) {
      bytes += chunk.length;
      yield chunk;
    }
  }, { shardBytes, metadata });
}

/** Values that are converted at once. */
const PIECE = 1 << 20;

/** @throws UserError `model.range` for a finite value that the type cannot hold */
function* weightBytes(name: string, { data }: HostTensor, dtype: WeightDtype): Generator<Uint8Array> {
  if (dtype === "F32") return yield* byteChunks(data);
  for (let at = 0; at < data.length; at += PIECE) {
    const values = data.subarray(at, at + PIECE);
    const bytes = encodeWeights(dtype, values);
    const bad = overflowAt(dtype, values, bytes);
    if (bad >= 0) {
      throw new UserError(
        "model.range",
        `Cannot write the weight "${name}" as ${dtype}: it has the value ${values[bad]}, which ${dtype} cannot hold`,
        `Write it as ${dtype === "F16" ? "BF16 or " : ""}F32`,
      );
    }
    yield bytes;
  }
}
