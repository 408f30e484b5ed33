// Packed weights: frozen matrices W in one of the CPU engine's formats (../packed-format.ts), as int32 tensors of
// words. Products add in one order of k whatever the number of rows, so that a text has the same logits whether its tokens
// are read at once, one by one, or beside other texts.
import type * as tf from "@tensorflow/tfjs";
import type { PackedFormat } from "../packed-format.ts";
import { runKernel } from "../kernels.ts";

/**
 * Name of the kernel: inputs, as a list, `x: [rows, in]` and packed weights `[out_i, in]`; outputs `[rows, out_i]`; or all
 * of these as stacks `[models, …]`.
 */
export const LINEARS_PACKED = "StitchbookLinearsPacked";
/** Name of the kernel with inputs `{ h: [rows, out], x: [rows, in], w }`, output like `h`; or all of these as stacks. */
export const ADD_LINEAR_PACKED = "StitchbookAddLinearPacked";
/**
 * Name of the kernel for rows of a packed weight as float32: inputs `{ w, ids: int32 [rows] }`, output `[rows, in]`; without
 * ids the whole weight.
 */
export const PACKED_ROWS = "StitchbookPackedRows";

/** What a packed weight holds. */
export interface PackedMatrix {
  readonly format: PackedFormat;
  /** `[out, in]`, or `[models, out, in]`. */
  readonly shape: readonly number[];
  /** Which matrix of the stack that the words are of; undefined if they are all its own. */
  readonly part?: number;
}

const matrices = new WeakMap<object, PackedMatrix>();
/** Tensors that share the words of a stack, and are one of its matrices. */
const parts = new WeakMap<object, PackedMatrix>();

/** Declares what the words of an int32 tensor, and of all that share its values, hold. */
export function markPacked<T extends tf.Tensor>(w: T, matrix: PackedMatrix): T {
  matrices.set(w.dataId, matrix);
  return w;
}

/** Declares that a tensor, which shares the words of a stack, is one of its matrices. */
export function markPart<T extends tf.Tensor>(w: T, matrix: PackedMatrix): T {
  parts.set(w, matrix);
  return w;
}

/** What a packed weight holds; undefined for any other tensor. */
export function packedMatrix(w: tf.TensorInfo): PackedMatrix | undefined {
  return w.dtype === "int32" ? parts.get(w) ?? matrices.get(w.dataId) : undefined;
}

/** Whether a weight is packed. */
export function isPacked(w: tf.Tensor): boolean {
  return packedMatrix(w) !== undefined;
}

/** A packed weight as float32, `[out, in]` or `[models, out, in]`; it has no gradient. */
export function unpackWeight(w: tf.Tensor): tf.Tensor {
  return runKernel(PACKED_ROWS, { w });
}
