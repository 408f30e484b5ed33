// Values as rows of a weight's type: half precision, or the quantized blocks of 32 that llama.cpp has.
import { toBfloat16 } from "../../bfloat16.ts";
import type { PackedFormat } from "../packed-format.ts";
import type { RowType } from "./panels.ts";

/** Values per block of quantized numbers. */
const BLOCK = 32;

/** The type whose rows a format holds exactly. */
export const ROW_TYPE = { F32: "F32", F16: "F16", BF16: "BF16", Q8_0: "Q8_0", Q4: "Q4_1" } as const satisfies Record<
  PackedFormat,
  RowType
>;

/** Encoded values, or the first value that the type cannot hold. */
export type Encoded = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly refused: number };

/** Values as bytes of the rows' type that a format holds: rounded to nearest, or quantized. */
export function encodeRows(format: PackedFormat, values: Float32Array<ArrayBuffer>): Encoded {
  switch (format) {
    case "F32":
      return { bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
    case "F16": {
      const halves = new Float16Array(values);
      return checked(values, new Uint16Array(halves.buffer), 0x7c00);
    }
    case "BF16": {
      const halves = new Uint16Array(values.length);
      toBfloat16(values, halves);
      return checked(values, halves, 0x7f80);
    }
    case "Q8_0":
      return encodeQ8(values);
    case "Q4":
      return encodeQ4(values);
  }
}

function checked(values: Float32Array, halves: Uint16Array<ArrayBuffer>, exponent: number): Encoded {
  const at = halves.findIndex((half, i) => (half & exponent) === exponent && Number.isFinite(values[i]));
  return at < 0 ? { bytes: new Uint8Array(halves.buffer) } : { refused: values[at]! };
}

/** Q8_0: the scale is the largest magnitude / 127, values are rounded half away from zero, as ggml does. */
export function encodeQ8(values: Float32Array): Encoded {
  const size = 2 + BLOCK;
  const bytes = new Uint8Array(values.length / BLOCK * size);
  const scales = new Float16Array(bytes.buffer);
  for (let from = 0, at = 0; from < values.length; from += BLOCK, at += size) {
    let largest = 0;
    for (let i = 0; i < BLOCK; i++) {
      const magnitude = Math.abs(values[from + i]!);
      if (!Number.isFinite(magnitude)) return { refused: values[from + i]! };
      if (magnitude > largest) largest = magnitude;
    }
    // In float32, as ggml computes it.
    const scale = Math.fround(largest / 127);
    const inverse = Math.fround(1 / scale);
    scales[at / 2] = scale;
    if (!Number.isFinite(scales[at / 2]!)) return { refused: largest };
    if (!Number.isFinite(inverse)) continue; // the scale is 0, or so small that it becomes 0 as a 16-bit float
    for (let i = 0; i < BLOCK; i++) {
      const scaled = Math.fround(values[from + i]! * inverse);
      const magnitude = Math.abs(scaled);
      const whole = Math.floor(magnitude);
      bytes[at + 2 + i] = Math.sign(scaled) * (whole + Math.floor(2 * (magnitude - whole)));
    }
  }
  return { bytes };
}

/** Rounds of fitting scale and minimum to the digits, and the digits to them. */
const FITS = 4;

/**
 * Q4_1: scale · digit + minimum. Scale and minimum begin at the range of the block and are fitted to the values by least
 * squares, with the digits that they give; the fit with the smallest squared error is kept.
 */
function encodeQ4(values: Float32Array): Encoded {
  const size = 4 + BLOCK / 2;
  const bytes = new Uint8Array(values.length / BLOCK * size);
  const halves = new Float16Array(bytes.buffer);
  const digits = new Uint8Array(BLOCK), best = new Uint8Array(BLOCK);
  const rounded = new Float16Array(2);
  for (let from = 0, at = 0; from < values.length; from += BLOCK, at += size) {
    let low = Infinity, high = -Infinity, total = 0;
    for (let i = 0; i < BLOCK; i++) {
      const value = values[from + i]!;
      if (!(Math.abs(value) <= 65504)) return { refused: value };
      if (value < low) low = value;
      if (value > high) high = value;
      total += value;
    }
    let least = Infinity;
    let [scale, minimum] = [(high - low) / 15, low];
    for (let fit = 0; fit < FITS; fit++) {
      rounded[0] = scale;
      rounded[1] = minimum;
      const [d, m] = [rounded[0]!, rounded[1]!];
      const inverse = d === 0 ? 0 : 1 / d;
      let [error, sum, squares, products] = [0, 0, 0, 0];
      for (let i = 0; i < BLOCK; i++) {
        const value = values[from + i]!;
        const digit = Math.max(0, Math.min(15, Math.round((value - m) * inverse)));
        digits[i] = digit;
        sum += digit;
        squares += digit * digit;
        products += digit * value;
        error += (d * digit + m - value) ** 2;
      }
      if (error < least) {
        least = error;
        best.set(digits);
        halves[at / 2] = d;
        halves[at / 2 + 1] = m;
      }
      const spread = BLOCK * squares - sum * sum;
      if (spread === 0) break;
      scale = (BLOCK * products - sum * total) / spread;
      minimum = (total - scale * sum) / BLOCK;
    }
    for (let i = 0; i < BLOCK / 2; i++) bytes[at + 4 + i] = best[i]! | best[i + BLOCK / 2]! << 4;
  }
  return { bytes };
}
