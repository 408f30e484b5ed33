// Frozen weights in half precision (IEEE 754 binary16, or bfloat16): two per int32 word, converted to float32 where they
// are used.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { checkTensors, hasKernel, runKernel } from "../kernels.ts";
import { packedMatrix } from "./packed.ts";

/**
 * Name of the kernel: input `{ x: int32 [..., n / 2] }`, attributes {@linkcode HalfFormat}, output float32 `[..., n]`; the
 * low half of a word comes first. Infinity, NaN and subnormal numbers are preserved.
 */
export const UNPACK_HALF = "StitchbookUnpackHalf";
/** Largest relative error of {@linkcode packHalf} for values of at least 2⁻¹⁴. */
export const HALF_ERROR = 2 ** -11;

/**
 * The nearest half-precision numbers, two per word.
 *
 * @param data an even number of values
 * @param what names the data in the error
 * @throws UserError `tensor.half` when a finite value is too large for half precision
 */
export function packHalf(data: Float32Array, what: string): Int32Array {
  const halves = new Float16Array(data);
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(halves[i]) && Number.isFinite(data[i])) {
      throw new UserError(
        "tensor.half",
        `Cannot hold ${what} in half precision: it contains ${data[i]}, and the largest number is 65504`,
        "Keep frozen weights in float32",
      );
    }
  }
  return new Int32Array(halves.buffer);
}

/** Whether a weight is frozen and held in other numbers than float32: as pairs, or packed for the CPU engine. */
export function isFrozen(w: tf.Tensor): boolean {
  return w.dtype === "int32";
}

/** Whether a weight consists of packed pairs of half-precision numbers. */
export function isHalf(w: tf.Tensor): boolean {
  return isFrozen(w) && packedMatrix(w) === undefined;
}

/** Attributes of kernels that convert packed pairs. */
export type HalfFormat = { readonly bfloat16: boolean };

/** Values that are pairs of bfloat16. */
const bfloat16 = new WeakSet<object>();

/** Declares that the packed pairs of an int32 tensor, and of all that share its values, are bfloat16. */
export function markBfloat16<T extends tf.Tensor>(x: T): T {
  bfloat16.add(x.dataId);
  return x;
}

/** What the packed pairs of an int32 tensor are. */
export function halfFormat(x: tf.Tensor): HalfFormat {
  return { bfloat16: bfloat16.has(x.dataId) };
}

/** Whether the current backend multiplies by a weight's packed pairs as they are. */
export function multipliesPacked(w: tf.Tensor): boolean {
  return isHalf(w) && !halfFormat(w).bfloat16 && hasKernel(LINEAR_HALF);
}

/**
 * Name of the fused kernel for packed half-precision weights: inputs `{ x: [rows, in], w: int32 [out, in / 2] }`, output
 * `[rows, out]`, or stacks of them by model.
 */
export const LINEAR_HALF = "StitchbookLinearHalf";
/** Name of the kernel for the same with at most {@linkcode FEW_ROWS} rows, attributes {@linkcode HalfFormat}. */
export const LINEAR_HALF_FEW = "StitchbookLinearHalfFew";
/** Up to here, products with a few rows need no float32 weights in memory. */
export const FEW_ROWS = 4;

/** The shape of a weight's numbers, packed or not. */
export function weightShape(w: tf.Tensor): readonly number[] {
  if (!isFrozen(w)) return w.shape;
  return packedMatrix(w)?.shape ?? halfShape(w);
}

function halfShape(w: tf.Tensor): number[] {
  return [...w.shape.slice(0, -1), 2 * w.shape.at(-1)!];
}

/**
 * Packed pairs as float32, `[..., n]` from `[..., n / 2]`; it has no gradient.
 *
 * @param x int32
 */
export function unpackHalf(x: tf.Tensor): tf.Tensor {
  checkTensors("unpackHalf", { x }, { x: "int32" });
  return hasKernel(UNPACK_HALF) ? runKernel(UNPACK_HALF, { x }, halfFormat(x)) : unpackHalfReference(x);
}

/** The stock composition: each half looked up in a table of all 65,536. */
export function unpackHalfReference(x: tf.Tensor, format = halfFormat(x)): tf.Tensor {
  return tf.tidy(() => {
    const base = tf.scalar(65536, "int32"); // a plain number would become float32, which is too narrow
    const high = tf.floorDiv(x, base); // from −32768
    const low = tf.sub(x, tf.mul(high, base)); // from 0
    const places = tf.stack([low, tf.where(tf.less(high, tf.scalar(0, "int32")), tf.add(high, base), high)], -1);
    return tf.gather(tf.tensor1d(halves(format)), places.reshape([-1]) as tf.Tensor1D).reshape(halfShape(x));
  });
}

function halves({ bfloat16 }: HalfFormat): Float32Array {
  if (bfloat16) return new Float32Array(Uint32Array.from({ length: 65536 }, (_, i) => i << 16).buffer);
  return new Float32Array(new Float16Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer));
}
