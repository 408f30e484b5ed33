// Writing weights that are in memory as safetensors of any type.
import { DTYPE_BYTES, encodeWeights, type WeightDtype, writeWeightFiles } from "../huggingface/mod.ts";
import type { HostTensor } from "../model/mod.ts";

/** Names of the weight types in `config.json`. */
export const TORCH_DTYPES = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const;

/** Values that are converted at once. */
const PIECE = 1 << 20;

/** @throws UserError when a file cannot be written */
export async function writeNamed(
  folder: string,
  weights: ReadonlyMap<string, HostTensor>,
  dtype: WeightDtype,
): Promise<void> {
  const planned = [...weights].map(([name, { shape }]) => ({ name, dtype, shape }));
  const scratch = new Uint8Array(PIECE * DTYPE_BYTES[dtype]);
  await writeWeightFiles(folder, planned, function* ({ name }) {
    const { data } = weights.get(name)!;
    for (let at = 0; at < data.length; at += PIECE) {
      const values = data.subarray(at, at + PIECE);
      yield encodeWeights(dtype, values, scratch.subarray(0, values.length * DTYPE_BYTES[dtype]));
    }
  });
}
