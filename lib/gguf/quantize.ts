// Values as the bytes of a tensor type that is written. Q8_0 equals Python's `gguf.quants.quantize` (gguf 0.19).
import { UserError } from "../errors.ts";
import { encodeWeights, overflowAt } from "../huggingface/mod.ts";
import { encodeQ8 } from "../tensor/mod.ts";

/** The tensor types that are written. */
export const WRITTEN_TYPES = ["F32", "F16", "BF16", "Q8_0"] as const;
export type WrittenType = (typeof WRITTEN_TYPES)[number];

/**
 * Values as bytes of `type`, little-endian, rounded to nearest.
 *
 * @param values whole blocks
 * @param where the tensor, for the error message
 * @throws UserError `gguf.range` when a smaller type cannot hold a value
 */
export function quantize(type: WrittenType, values: Float32Array, where: string): Uint8Array {
  if (type === "Q8_0") {
    const encoded = encodeQ8(values);
    if ("bytes" in encoded) return encoded.bytes;
    throw rangeError(where, encoded.refused, type);
  }
  const bytes = encodeWeights(type, values);
  const at = overflowAt(type, values, bytes);
  if (at >= 0) throw rangeError(where, values[at]!, type);
  return bytes;
}

function rangeError(where: string, value: number, type: string): UserError {
  return new UserError(
    "gguf.range",
    `Cannot write ${where} as ${type}: it has the value ${value}, which ${type} cannot hold`,
    `Write it as ${type === "BF16" ? "F32" : "F32 or BF16"}, and check that the model is sound`,
  );
}
