// y = x Wᵀ, with the weight in Hugging Face's layout [out, in].
import * as tf from "@tensorflow/tfjs";
import {
  checkTensors,
  composed,
  hasKernel,
  inShape,
  isTaping,
  refuseShapes,
  registerGradient,
  runKernel,
} from "../kernels.ts";
import {
  FEW_ROWS,
  halfFormat,
  isFrozen,
  isHalf,
  LINEAR_HALF,
  LINEAR_HALF_FEW,
  multipliesPacked,
  unpackHalf,
  weightShape,
} from "./half.ts";
import { isPacked, LINEARS_PACKED, unpackWeight } from "./packed.ts";

/** Name of the fused kernel: inputs `{ x: [rows, in], w: [out, in] }`, output `[rows, out]`. */
export const LINEAR = "StitchbookLinear";

/** Name of the kernel for the gradient of {@linkcode LINEAR_HALF}: inputs `{ dy: [rows, out], w }`, output `[rows, in]`. */
export const LINEAR_HALF_GRAD_X = "StitchbookLinearHalfGradX";

/**
 * A linear map without bias. A stack of weights maps equally many runs of rows, one per weight, in one product.
 *
 * @param x float32 `[..., in]`
 * @param w float32 `[out, in]`, or `[models, out, in]` where x's rows are ordered by model; or frozen and in half
 * precision, int32 `[…, in / 2]`, which is converted to float32 only while a product runs, or never; or packed
 * @returns float32 `[..., out]`
 * @throws UserError `tensor.shape` when the inner sizes differ, or the rows are not a multiple of the models
 */
export function linear(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  checkTensors("linear", { x, w }, { w: isFrozen(w) ? "int32" : "float32" });
  const inner = weightShape(w).at(-1)!;
  if ((w.rank !== 2 && w.rank !== 3) || inner !== x.shape.at(-1)) {
    refuseShapes("linear", { x, w }, "the last size of both must be equal");
  }
  const models = w.rank === 3 ? w.shape[0]! : 1;
  if (x.size / inner % models !== 0) refuseShapes("linear", { x, w }, "x's rows must be a multiple of the models");
  const y = isPacked(w) ? packedProducts(x, [w])[0]! : isHalf(w) ? halfProduct(x, w) : product(x, w);
  return inShape(y, [...x.shape.slice(0, -1), weightShape(w).at(-2)!]);
}

/** `[rows, out]`, or `[models, rows, out]`. */
function product(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  const inner = w.shape.at(-1)!;
  if (w.rank === 3) return tf.matMul(inShape(x, [w.shape[0]!, -1, inner]), w, false, true);
  const rows = inShape(x, [-1, inner]);
  return hasKernel(LINEAR) ? runKernel<tf.Tensor>(LINEAR, { x: rows, w }) : linearReference(rows, w);
}

function halfProduct(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  return composed({ x }, (save) => {
    save([w]);
    const stack = w.shape.slice(0, -2);
    const inputs = { x: inShape(x, [...stack, -1, weightShape(w).at(-1)!]), w };
    if (multipliesPacked(w)) return runKernel<tf.Tensor>(LINEAR_HALF, inputs);
    const isFew = inputs.x.shape.at(-2)! <= FEW_ROWS && hasKernel(LINEAR_HALF_FEW);
    return isFew ? runKernel<tf.Tensor>(LINEAR_HALF_FEW, inputs, halfFormat(w)) : product(x, unpackHalf(w));
  }, (dy, saved) => ({ x: () => tf.tidy(() => inShape(frozenGradient(dy, saved[0]!), x.shape)) }));
}

/** Products of x by packed weights: `[rows, out_i]`, or `[models, rows, out_i]`. */
export function packedProducts(x: tf.Tensor, weights: readonly tf.Tensor[]): tf.Tensor[] {
  const [first] = weights;
  const rows = inShape(x, [...(first!.rank === 3 ? [first!.shape[0]!] : []), -1, weightShape(first!).at(-1)!]);
  if (!isTaping()) return runKernel<tf.Tensor[]>(LINEARS_PACKED, [rows, ...weights]);
  return weights.map((w) =>
    composed({ x: rows }, (save) => {
      save([w]);
      return runKernel<tf.Tensor[]>(LINEARS_PACKED, [rows, w])[0]!;
    }, (dy, saved) => ({ x: () => tf.tidy(() => frozenGradient(dy, saved[0]!)) }))
  );
}

/** The gradient of x from that of `linear(x, w)`, for frozen weights: `[rows, in]`, or `[models, rows, in]`. */
export function frozenGradient(dy: tf.Tensor, w: tf.Tensor): tf.Tensor {
  if (isPacked(w)) return tf.matMul(dy, unpackWeight(w));
  if (!multipliesPacked(w)) return tf.matMul(dy, unpackHalf(w));
  return runKernel<tf.Tensor>(LINEAR_HALF_GRAD_X, { dy, w });
}

/** The stock composition: `x` `[rows, in]`, `w` `[out, in]`. */
export function linearReference(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  return tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true);
}

/** The gradients of x and w from that of their product, matrices or stacks of them. */
export function linearGradients(dy: tf.Tensor, x: tf.Tensor, w: tf.Tensor): Record<"x" | "w", () => tf.Tensor> {
  return {
    x: () => runKernel("BatchMatMul", { a: dy, b: w }, { transposeA: false, transposeB: false }),
    w: () => runKernel("BatchMatMul", { a: dy, b: x }, { transposeA: true, transposeB: false }),
  };
}

registerGradient(LINEAR, ["x", "w"], (dy, [x, w]) => linearGradients(dy, x, w));
