// Spherical interpolation between two models, tensor by tensor.
import type { WeightMethod } from "./method.ts";
import { ranges, sizeOf, type TensorSource } from "./source.ts";

/** Above this absolute cosine, the sine of the angle is too small to divide by. */
const PARALLEL = 0.9995;
/** A tensor shorter than this has no direction. */
const NO_LENGTH = 1e-8;

/**
 * `(sin((1−t)Ω) a + sin(tΩ) b) / sin Ω` with Ω the angle between the flattened tensors; `(1−t) a + t b` if they are nearly
 * parallel or opposite. A tensor of zeros counts as perpendicular to the other.
 */
export const slerp: WeightMethod = {
  name: "slerp",
  title: "SLERP",
  description: "Spherical interpolation from the base (t = 0) to one other model (t = 1), tensor by tensor.",
  source: "https://en.wikipedia.org/wiki/Slerp",
  options: { t: 0.5 },
  base: true,
  models: { least: 1, most: 1 },
  *merge({ base, models, piece }, { t }) {
    const [a, b] = [base!, models[0]!];
    const pieces = () => ranges(sizeOf(a.shape), piece);
    const cosine = cosineOf(a, b, pieces);
    const angle = Math.acos(cosine);
    const parallel = Math.abs(cosine) > PARALLEL;
    const [ofA, ofB] = parallel
      ? [1 - t, t]
      : [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
    for (const [begin, end] of pieces()) {
      const merged = new Float32Array(end - begin);
      const [x, y] = [a.read(begin, end), b.read(begin, end)];
      for (let j = 0; j < merged.length; j++) merged[j] = ofA * x[j]! + ofB * y[j]!;
      yield merged;
    }
  },
};

function cosineOf(a: TensorSource, b: TensorSource, pieces: () => Iterable<readonly [number, number]>): number {
  let [aa, bb, ab] = [0, 0, 0];
  for (const [begin, end] of pieces()) {
    const [x, y] = [a.read(begin, end), b.read(begin, end)];
    for (let j = 0; j < x.length; j++) {
      aa += x[j]! * x[j]!;
      bb += y[j]! * y[j]!;
      ab += x[j]! * y[j]!;
    }
  }
  const length = (squares: number) => Math.sqrt(squares) > NO_LENGTH ? Math.sqrt(squares) : 1;
  return Math.max(-1, Math.min(1, ab / (length(aa) * length(bb))));
}
