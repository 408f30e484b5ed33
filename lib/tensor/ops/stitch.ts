// The two mixing steps of a stitch layer (BTS, arXiv 2502.00075 §3), from gate logits to the new state.
import * as tf from "@tensorflow/tfjs";
import {
  checkTensors,
  hasKernel,
  refuseShapes,
  registerGradient,
  runKernel,
  sameShape,
  sharedGradients,
} from "../kernels.ts";

/**
 * Name of the fused kernel: inputs, as a list, `hub: [N, d]`, `z: [N, (n+1)·d]` and n projected `[N, d]`;
 * output `[N, d]`. It is a list because tfjs saves all inputs for the gradient only then.
 */
export const EXPERTS_INTO_HUB = "StitchbookExpertsIntoHub";
/** Its gradient's kernel: the same list followed by `dy`; outputs the inputs' gradients in the same order. */
export const EXPERTS_INTO_HUB_GRAD = "StitchbookExpertsIntoHubGrad";
/** Name of the fused kernel: inputs `{ expert, projected, z }`, all `[N, d]`, output `[N, d]`. */
export const HUB_INTO_EXPERT = "StitchbookHubIntoExpert";
/** Its gradient's kernel: inputs `{ expert, projected, z, dy }`, outputs `[dexpert, dprojected, dz]`. */
export const HUB_INTO_EXPERT_GRAD = "StitchbookHubIntoExpertGrad";

/**
 * E2H: `g = softmax over models(z)` in every dimension; `g_0 ∘ hub + Σ_i g_i ∘ projected_i`.
 *
 * @param hub float32 `[N, d]`
 * @param projected n tensors `W_i h_i`, float32 `[N, d]`
 * @param z gate logits, float32 `[N, (n+1)·d]`, ordered by model, the hub first
 * @returns float32 `[N, d]`
 */
export function expertsIntoHub(hub: tf.Tensor2D, projected: readonly tf.Tensor2D[], z: tf.Tensor2D): tf.Tensor2D {
  const models = projected.length + 1;
  const inputs = { hub, z, ...Object.fromEntries(projected.map((p, i) => [`projected ${i}`, p])) };
  checkTensors("expertsIntoHub", inputs);
  if (!sameShape(hub, ...projected) || z.shape[0] !== hub.shape[0] || z.shape[1] !== models * hub.shape[1]) {
    refuseShapes("expertsIntoHub", inputs, "all states must have the same shape [N, d], and z must be [N, models · d]");
  }
  if (!hasKernel(EXPERTS_INTO_HUB)) return expertsIntoHubReference(hub, projected, z);
  return runKernel(EXPERTS_INTO_HUB, [hub, z, ...projected]);
}

/** The stock composition. */
export function expertsIntoHubReference(
  hub: tf.Tensor2D,
  projected: readonly tf.Tensor2D[],
  z: tf.Tensor2D,
): tf.Tensor2D {
  const [N, d] = hub.shape;
  const models = projected.length + 1;
  const g = expertsIntoHubGates(z, models); // [N, models, d]
  const states = tf.concat([hub, ...projected], 1).reshape([N, models, d]);
  return tf.sum(tf.mul(g, states), 1) as tf.Tensor2D;
}

/** The E2H gates, `[N, models, d]`, from logits `[N, models·d]`; they sum to 1 over models. */
export function expertsIntoHubGates(z: tf.Tensor2D, models: number): tf.Tensor3D {
  const [N, width] = z.shape;
  const byModel = z.reshape([N, models, width / models]);
  return tf.transpose(tf.softmax(tf.transpose(byModel, [0, 2, 1])), [0, 2, 1]) as tf.Tensor3D;
}

/**
 * H2E for one expert: `(1 − σ(z)) ∘ expert + σ(z) ∘ projected`.
 *
 * @param expert float32 `[N, d]`
 * @param projected `W_i h_0`, float32 `[N, d]`
 * @param z gate logits `G_i h_0`, float32 `[N, d]`
 */
export function hubIntoExpert(expert: tf.Tensor2D, projected: tf.Tensor2D, z: tf.Tensor2D): tf.Tensor2D {
  checkTensors("hubIntoExpert", { expert, projected, z });
  if (!sameShape(expert, projected, z)) {
    refuseShapes("hubIntoExpert", { expert, projected, z }, "all must have the same shape");
  }
  return hasKernel(HUB_INTO_EXPERT)
    ? runKernel(HUB_INTO_EXPERT, { expert, projected, z })
    : hubIntoExpertReference(expert, projected, z);
}

/** The stock composition. */
export function hubIntoExpertReference(expert: tf.Tensor2D, projected: tf.Tensor2D, z: tf.Tensor2D): tf.Tensor2D {
  const g = tf.sigmoid(z);
  return tf.add(expert, tf.mul(g, tf.sub(projected, expert))) as tf.Tensor2D;
}

tf.registerGradient({
  kernelName: EXPERTS_INTO_HUB,
  saveAllInputs: true,
  gradFunc: (dy, saved) => {
    const gradient = sharedGradients(() => runKernel(EXPERTS_INTO_HUB_GRAD, [...saved, dy as tf.Tensor]));
    return Object.fromEntries(saved.map((_, i) => [i, gradient(i)]));
  },
});

registerGradient(HUB_INTO_EXPERT, ["expert", "projected", "z"], (dy, [expert, projected, z]) => {
  const gradient = sharedGradients(() => runKernel(HUB_INTO_EXPERT_GRAD, { expert, projected, z, dy }));
  return { expert: gradient(0), projected: gradient(1), z: gradient(2) };
});
