// Content hash of a set of tensors: equal exactly when names, types, shapes and bytes are equal.
import { createHash } from "node:crypto";
import { dtypeOf } from "./dtypes.ts";
import { byteChunks, sortedEntries, type TensorToSave } from "./safetensors.ts";

/**
 * SHA-256, in hexadecimal, over the tensors in the order of their names. Proves that frozen weights stayed frozen.
 * The order of insertion does not matter; `-0` and `0` differ, as do NaNs of different bits.
 */
export function hashTensors(
  tensors: Readonly<Record<string, TensorToSave>> | ReadonlyMap<string, TensorToSave>,
): string {
  const hash = createHash("sha256");
  for (const [name, { shape, data }] of sortedEntries(tensors)) {
    // JSON and a line end delimit the fields, so that no two sets of tensors feed the same bytes.
    hash.update(`${JSON.stringify([name, dtypeOf(data), shape])}\n`);
    for (const chunk of byteChunks(data)) hash.update(chunk);
  }
  return hash.digest("hex");
}
