// Rotary position embedding in the half-rotation layout of Hugging Face weights.
import * as tf from "@tensorflow/tfjs";
import {
  checkRanks,
  checkTensors,
  hasKernel,
  refuseShapes,
  registerGradient,
  runKernel,
  sameShape,
} from "../kernels.ts";

/**
 * Name of the fused kernel: inputs `{ x: [batch, time, heads, headSize], cos, sin: [time, headSize / 2] }`,
 * output like `x`; attribute `inverse` rotates the other way, which is the gradient. `cos` and `sin` have no gradient.
 */
export const ROPE = "StitchbookRope";

/** Cosines and sines of the angles at positions `offset … offset + time − 1`, `[time, headSize / 2]` each. */
export interface RopeTable {
  readonly cos: tf.Tensor2D;
  readonly sin: tf.Tensor2D;
}

/** The plain embedding's angles per position, `θ^(−2i/headSize)` for each pair i of a head; computed in float64. */
export function ropeFrequencies(headSize: number, theta: number): number[] {
  return Array.from({ length: headSize / 2 }, (_, i) => theta ** (-2 * i / headSize));
}

/**
 * The rotation table for `time` positions from `offset` on; computed in float64.
 *
 * @param frequencies angle per position of each pair of a head, `[headSize / 2]`
 * @param scale factor of all cosines and sines
 */
export function ropeTable(time: number, frequencies: readonly number[], offset = 0, scale = 1): RopeTable {
  const asked = [time, offset, scale, ...frequencies];
  if (asked.length !== newest.asked.length || asked.some((x, i) => x !== newest.asked[i])) {
    newest = { asked, ...angles(time, frequencies, offset, scale) };
  }
  const shape: [number, number] = [time, frequencies.length];
  return { cos: tf.tensor2d(newest.cos, shape), sin: tf.tensor2d(newest.sin, shape) };
}

/** Positions `offset … offset + time − 1` of a row, rotated by angles of its own. */
export interface RotatedRow {
  readonly offset: number;
  readonly frequencies: readonly number[];
  readonly scale: number;
}

/** The rotation table of several rows, one row's `time` positions after another's: `[rows · time, headSize / 2]`. */
export function ropeTableOfRows(time: number, rows: readonly RotatedRow[]): RopeTable {
  const half = rows[0]!.frequencies.length;
  const cos = new Float32Array(rows.length * time * half);
  const sin = new Float32Array(rows.length * time * half);
  rows.forEach(({ offset, frequencies, scale }, row) => {
    const own = angles(time, frequencies, offset, scale);
    cos.set(own.cos, row * time * half);
    sin.set(own.sin, row * time * half);
  });
  const shape: [number, number] = [rows.length * time, half];
  return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
}

/** The last table's values: training steps ask for the same table again and again. */
let newest = { asked: [] as readonly number[], cos: new Float32Array(0), sin: new Float32Array(0) };

function angles(time: number, frequencies: readonly number[], offset: number, scale: number) {
  const half = frequencies.length;
  const cos = new Float32Array(time * half);
  const sin = new Float32Array(time * half);
  for (let t = 0; t < time; t++) {
    for (let i = 0; i < half; i++) {
      const angle = (t + offset) * frequencies[i]!;
      cos[t * half + i] = scale * Math.cos(angle);
      sin[t * half + i] = scale * Math.sin(angle);
    }
  }
  return { cos, sin };
}

/**
 * Rotates pairs `(x_i, x_{i + headSize/2})` by their position's angle.
 *
 * @param x float32 `[batch, time, heads, headSize]`
 * @returns float32 like `x`
 */
export function rope(x: tf.Tensor4D, table: RopeTable): tf.Tensor4D {
  const { cos, sin } = table;
  checkTensors("rope", { x, cos, sin });
  checkRanks("rope", { x, cos, sin }, { x: 4 });
  if (x.shape[1] !== cos.shape[0] || x.shape[3] !== 2 * cos.shape[1] || !sameShape(cos, sin)) {
    refuseShapes("rope", { x, cos, sin }, "the table must have x's time and half its head size");
  }
  return hasKernel(ROPE) ? runKernel(ROPE, { x, cos, sin }, { inverse: false }) : ropeReference(x, table);
}

/** The stock composition. */
export function ropeReference(x: tf.Tensor4D, { cos, sin }: RopeTable): tf.Tensor4D {
  const [time, half] = cos.shape;
  const c = cos.reshape([1, time, 1, half]);
  const s = sin.reshape([1, time, 1, half]);
  const [a, b] = tf.split(x, 2, -1) as [tf.Tensor4D, tf.Tensor4D];
  return tf.concat([tf.sub(tf.mul(a, c), tf.mul(b, s)), tf.add(tf.mul(b, c), tf.mul(a, s))], -1) as tf.Tensor4D;
}

registerGradient(ROPE, ["cos", "sin"], (dy, [cos, sin], attrs) => ({
  x: () => runKernel(ROPE, { x: dy, cos, sin }, { inverse: !attrs["inverse"] }),
}));
