// Which experts process a token, with what gates, and how evenly the experts are used
// (Branch-Train-MiX, arXiv 2403.07816 §2.2).
import * as tf from "@tensorflow/tfjs";
import { random } from "../../random.ts";
import { embedding } from "../../tensor/mod.ts";
import { readNow } from "../read-now.ts";
import type { MixtureConfig } from "./config.ts";

/** The routing of N tokens. */
export interface Routes {
  /** Gate of each expert, `[N, models]`; 0 for experts that a token is not routed to. */
  readonly gates: tf.Tensor2D;
  /** `softmax(z)`, `[N, models]`. */
  readonly probabilities: tf.Tensor2D;
  /** Each token's first, second, … expert, int32 `[N]` each; undefined if every token uses all experts. */
  readonly chosen?: readonly tf.Tensor1D[];
}

/** How experts are sampled while training. */
export interface Draw {
  /** A uint32 that differs for every step, micro-batch and router. */
  readonly seed: number;
  /** Of the Gumbel-softmax. */
  readonly temperature: number;
}

/** Subtracted from the score of an expert that is not chosen. */
const EXCLUDED = 1e9;

/** The temperature of the Gumbel-softmax at a training step, counted from 1. */
export function gumbelTemperature(step: number): number {
  return Math.max(0.5, Math.exp(-1e-4 * (step - 1)));
}

/**
 * Routes tokens by their logits.
 *
 * - `soft`: all experts, with gates `softmax(z)`.
 * - `top-2`: the best two, with gates from the softmax of their two logits.
 * - `sample`: one expert with gate 1. In evaluation it is the best; in training the best of `z + G` with Gumbel noise G,
 *   and its gate has the gradient of `softmax((z + G) / τ)` (straight-through, arXiv 1611.01144), so only it has to run.
 *
 * @param z float32 `[N, models]`
 * @param draw given in training only
 */
export function route(routing: MixtureConfig["routing"], z: tf.Tensor2D, draw?: Draw): Routes {
  const n = z.shape[1];
  const probabilities = tf.softmax(z);
  if (routing === "soft") return { gates: probabilities, probabilities };
  if (routing === "top-2") {
    const first = tf.argMax(z, 1) as tf.Tensor1D;
    const mask = maskOf(first, n);
    const second = tf.argMax(tf.sub(z, tf.mul(mask, EXCLUDED)), 1) as tf.Tensor1D;
    const both = tf.add(mask, maskOf(second, n));
    const gates = tf.softmax(tf.add(z, tf.mul(tf.sub(both, 1), EXCLUDED))) as tf.Tensor2D;
    return { gates, probabilities, chosen: [first, second] };
  }
  const scores = draw === undefined ? z : tf.add(z, gumbelNoise(z.shape, draw.seed)) as tf.Tensor2D;
  const first = tf.argMax(scores, 1) as tf.Tensor1D;
  const mask = maskOf(first, n);
  if (draw === undefined) return { gates: mask, probabilities, chosen: [first] };
  const soft = tf.softmax(tf.div(scores, draw.temperature));
  const gates = tf.mul(mask, straightThrough(tf.sum(tf.mul(soft, mask), 1, true))) as tf.Tensor2D;
  return { gates, probabilities, chosen: [first] };
}

const maskOf = (chosen: tf.Tensor1D, n: number) => tf.oneHot(chosen, n, 1, 0, "float32") as tf.Tensor2D;

/** 1 in the forward pass; passes the gradient through in the backward pass. */
const straightThrough = tf.customGrad((x) => ({
  value: tf.onesLike(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => dy,
}));

/** Standard Gumbel noise, a pure function of the seed. */
function gumbelNoise(shape: readonly [number, number], seed: number): tf.Tensor2D {
  const { uint32 } = random(seed, "gumbel");
  const noise = Float32Array.from(
    { length: shape[0] * shape[1] },
    () => -Math.log(-Math.log((uint32() + 0.5) / 4294967296)),
  );
  return tf.tensor2d(noise, [...shape]);
}

/** `models · Σ_i u_i p_i`: u the mean gate of each expert, p its mean probability (§2.2); 1 if all are used evenly. */
export function loadBalance({ gates, probabilities }: Routes): tf.Scalar {
  const models = gates.shape[1];
  return tf.mul(tf.sum(tf.mul(tf.mean(gates, 0), tf.mean(probabilities, 0))), models) as tf.Scalar;
}

/**
 * `Σ_i g_i ∘ expert_i(x)`. Each expert runs only on its tokens where the routes can be read synchronously, and on all
 * tokens on WebGPU, where they cannot.
 *
 * @param x float32 `[N, d]`
 * @param expert the i-th expert on `[rows, d]`
 */
export function mixExperts(
  x: tf.Tensor2D,
  { gates, chosen }: Routes,
  expert: (i: number, x: tf.Tensor2D) => tf.Tensor2D,
): tf.Tensor2D {
  const places = chosen?.map(readNow);
  if (places !== undefined && places.every((place) => place !== undefined)) {
    return dispatch(x, gates, chosen!, places, expert);
  }
  const [, models] = gates.shape;
  const outputs = Array.from({ length: models }, (_, i) => tf.mul(expert(i, x), spread(gates, i, x.shape[1])));
  return tf.addN(outputs) as tf.Tensor2D;
}

/**
 * Column `i` of the gates repeated in `d` columns, `[N, d]`. A matrix product, because it is many times faster than
 * broadcasting, forward and backward.
 */
function spread(gates: tf.Tensor2D, i: number, d: number): tf.Tensor2D {
  const [, models] = gates.shape;
  const row = new Float32Array(models * d).fill(1, i * d, (i + 1) * d);
  return tf.matMul(gates, tf.tensor2d(row, [models, d]));
}

function dispatch(
  x: tf.Tensor2D,
  gates: tf.Tensor2D,
  chosen: readonly tf.Tensor1D[],
  places: readonly Int32Array[],
  expert: (i: number, x: tf.Tensor2D) => tf.Tensor2D,
): tf.Tensor2D {
  const [N, models] = gates.shape;
  const outputs: tf.Tensor2D[] = [];
  // The row of each token's output in the concatenated outputs of the experts; one list per choice.
  const found = places.map(() => new Int32Array(N));
  let at = 0;
  for (let i = 0; i < models; i++) {
    const rows: number[] = [];
    places.forEach((place, slot) => {
      for (let t = 0; t < N; t++) {
        if (place[t] !== i) continue;
        found[slot]![t] = at++;
        rows.push(t);
      }
    });
    if (rows.length > 0) outputs.push(expert(i, embedding(x, tf.tensor1d(rows, "int32")) as tf.Tensor2D));
  }
  const all = outputs.length === 1 ? outputs[0]! : tf.concat(outputs, 0);
  return found.map((rows, slot) => {
    const own = tf.mul(gates, maskOf(chosen[slot]!, models)); // each token's gate of this choice, 0 elsewhere
    const gate = tf.matMul(own, tf.ones([models, x.shape[1]])); // [N, d]
    return tf.mul(embedding(all, tf.tensor1d(rows, "int32")), gate);
  }).reduce((a, b) => tf.add(a, b)) as tf.Tensor2D;
}
