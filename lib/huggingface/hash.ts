// Content hash of a set of tensors: equal if and only if names, types, shapes and bytes are equal.
import { createHash } from "node:crypto";
import { dtypeOf } from "./dtypes.ts";
import { byteChunks, sortedEntries, type TensorToSave } from "./safetensors.ts";

/**
 * Hexadecimal SHA-256 over the tensors in order of their names, to prove that frozen weights stayed frozen. Insertion
 * order does not matter; `-0` and `0` differ, as do NaNs with different bits.
 */
export function hashTensors(
  tensors: Readonly<Record<string, TensorToSave>> | ReadonlyMap<string, TensorToSave>,
): string {
  const hash = createHash("sha256");
  for (const [name, { shape, data }] of sortedEntries(tensors)) {
    // JSON and a newline delimit the fields, so that different sets of tensors hash different bytes.
    hash.update(`${JSON.stringify([name, dtypeOf(data), shape])}\n`);
    for (const chunk of byteChunks(data)) hash.update(chunk);
  }
  return hash.digest("hex");
}
