// Values as the bytes of a tensor type that is written. Q8_0 equals Python's `gguf.quants.quantize` (gguf 0.19).
import { UserError } from "../errors.ts";
import { encodeWeights, overflowAt } from "../huggingface/mod.ts";
import { bytesOf, TENSOR_TYPES } from "./types.ts";

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
  if (type === "Q8_0") return toQ8(values, where);
  const bytes = encodeWeights(type, values);
  const at = overflowAt(type, values, bytes);
  if (at >= 0) throw rangeError(where, values[at]!, type);
  return bytes;
}

/** Blocks of 32: the scale is the largest magnitude / 127, values are rounded half away from zero. */
function toQ8(values: Float32Array, where: string): Uint8Array {
  const { block, bytes: size } = TENSOR_TYPES.Q8_0;
  const bytes = new Uint8Array(bytesOf("Q8_0", values.length));
  const scales = new Float16Array(bytes.buffer);
  for (let from = 0, at = 0; from < values.length; from += block, at += size) {
    let largest = 0;
    for (let i = 0; i < block; i++) {
      const magnitude = Math.abs(values[from + i]!);
      if (!Number.isFinite(magnitude)) throw rangeError(where, values[from + i]!, "Q8_0");
      if (magnitude > largest) largest = magnitude;
    }
    // In float32, as ggml computes it.
    const scale = Math.fround(largest / 127);
    const inverse = Math.fround(1 / scale);
    scales[at / 2] = scale;
    if (!Number.isFinite(scales[at / 2]!)) throw rangeError(where, largest, "Q8_0");
    if (!Number.isFinite(inverse)) continue; // the scale is 0, or so small that it becomes 0 as a 16-bit float
    for (let i = 0; i < block; i++) {
      const scaled = Math.fround(values[from + i]! * inverse);
      const magnitude = Math.abs(scaled);
      const whole = Math.floor(magnitude);
      bytes[at + 2 + i] = Math.sign(scaled) * (whole + Math.floor(2 * (magnitude - whole)));
    }
  }
  return bytes;
}

function rangeError(where: string, value: number, type: string): UserError {
  return new UserError(
    "gguf.range",
    `Cannot write ${where} as ${type}: it has the value ${value}, which ${type} cannot hold`,
    `Write it as ${type === "BF16" ? "F32" : "F32 or BF16"}, and check that the model is sound`,
  );
}
