// Which experts a token goes through, how much each counts, and how evenly they are used
// (Branch-Train-MiX, arXiv 2403.07816 §2.2).
import * as tf from "@tensorflow/tfjs";
import { random } from "../../random.ts";
import { embedding } from "../../tensor/mod.ts";
import { readNow } from "../read-now.ts";
import type { MixtureConfig } from "./config.ts";

/** Where N tokens go. */
export interface Routes {
  /** How much each expert counts, `[N, models]`; 0 for those that a token does not go through. */
  readonly gates: tf.Tensor2D;
  /** `softmax(z)`, `[N, models]`. */
  readonly probabilities: tf.Tensor2D;
  /** The experts of each token in turn, int32 `[N]` each; undefined when every token goes through all of them. */
  readonly chosen?: readonly tf.Tensor1D[];
}

/** What draws experts while training. */
export interface Draw {
  /** A uint32 that is new for every step, part and router. */
  readonly seed: number;
  /** Of the Gumbel-softmax. */
  readonly temperature: number;
}

/** What a score is lowered by when its expert is not chosen. */
const SILENT = 1e9;

/** The temperature of the Gumbel-softmax at a training step, from 1. */
export function gumbelTemperature(step: number): number {
  return Math.max(0.5, Math.exp(-1e-4 * (step - 1)));
}

/**
 * Routes tokens by their logits.
 *
 * - `soft`: all experts, by `softmax(z)`.
 * - `top-2`: the two best, by the softmax of their two logits.
 * - `sample`: one, with gate 1: the best; while training the best of `z + G` with Gumbel noise G, whose gate has the
 *   gradient of `softmax((z + G) / τ)` there (straight-through, arXiv 1611.01144), so that only it needs to run.
 *
 * @param z float32 `[N, models]`
 * @param draw while training
 */
export function route(routing: MixtureConfig["routing"], z: tf.Tensor2D, draw?: Draw): Routes {
  const n = z.shape[1];
  const probabilities = tf.softmax(z);
  if (routing === "soft") return { gates: probabilities, probabilities };
  if (routing === "top-2") {
    const first = tf.argMax(z, 1) as tf.Tensor1D;
    const mask = maskOf(first, n);
    const second = tf.argMax(tf.sub(z, tf.mul(mask, SILENT)), 1) as tf.Tensor1D;
    const both = tf.add(mask, maskOf(second, n));
    const gates = tf.softmax(tf.add(z, tf.mul(tf.sub(both, 1), SILENT))) as tf.Tensor2D;
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

/** 1 forward, the argument's gradient backward. */
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

/** `models · Σ_i u_i p_i`: u the mean gate of each expert, p its mean probability (§2.2); 1 when all are used alike. */
export function loadBalance({ gates, probabilities }: Routes): tf.Scalar {
  const models = gates.shape[1];
  return tf.mul(tf.sum(tf.mul(tf.mean(gates, 0), tf.mean(probabilities, 0))), models) as tf.Scalar;
}

/**
 * `Σ_i g_i ∘ expert_i(x)`. An expert is run on the tokens that go through it only, where the routes can be read at
 * once; on a backend that answers later (WebGPU), on all of them.
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
 * Column `i` of the gates in every one of `d` columns, `[N, d]`: by a product, which is many times faster than
 * broadcasting is, forward and backward.
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
  // Where each token's output lies in the experts' outputs, one after the other; one list for each of its experts.
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
    const own = tf.mul(gates, maskOf(chosen[slot]!, models)); // of each token its gate in this place, else 0
    const gate = tf.matMul(own, tf.ones([models, x.shape[1]])); // [N, d]
    return tf.mul(embedding(all, tf.tensor1d(rows, "int32")), gate);
  }).reduce((a, b) => tf.add(a, b)) as tf.Tensor2D;
}
