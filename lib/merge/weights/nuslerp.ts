// NuSLERP: spherical interpolation by weights, of models or of their task vectors, by tensor, row or column.
import type { WeightMethod } from "./method.ts";
import { ranges, sizeOf } from "./source.ts";

/** Shorter vectors are divided by this length. */
const SHORT = 1e-7;
/** Weights with a smaller sum count as equal. */
const NO_WEIGHT = 1e-6;
/** At or below this squared sine, vectors are parallel. */
const PARALLEL = 1e-16;

/**
 * `(sin((1−t)Ω) a + sin(tΩ) b) / sin Ω` with Ω the angle between a and b and `t = w_b / (w_a + w_b)`; `(1−t) a + t b` if
 * they are parallel. With a base, a and b are task vectors, and the result is added to it.
 */
export const nuslerp: WeightMethod = {
  name: "nuslerp",
  title: "NuSLERP",
  description: "Spherical interpolation of two models by their weights or, with a base, of their task vectors.",
  source: "https://github.com/arcee-ai/mergekit/blob/main/docs/merge_methods.md",
  options: { weights: "1/n", flatten: true, rowWise: false },
  base: "optional",
  models: { least: 2, most: 2 },
  *merge({ base, models, piece }, { weights, flatten, rowWise }) {
    const [a, b] = [models[0]!, models[1]!];
    const { shape } = a;
    const size = sizeOf(shape);
    const group = flatten ? { count: 1, of: () => 0 } : groups(shape, rowWise);
    const read = (begin: number, end: number) => {
      const start = base?.read(begin, end);
      const [x, y] = [a.read(begin, end), b.read(begin, end)];
      return start === undefined
        ? { start, x, y }
        : { start, x: x.map((value, j) => value - start[j]!), y: y.map((value, j) => value - start[j]!) };
    };
    const zeros = () => new Float64Array(group.count);
    const [aa, bb, ab, ofA, ofB] = [zeros(), zeros(), zeros(), zeros(), zeros()];
    for (const [begin, end] of ranges(size, piece)) {
      const { x, y } = read(begin, end);
      for (let j = 0; j < x.length; j++) {
        const g = group.of(begin + j);
        aa[g]! += x[j]! * x[j]!;
        bb[g]! += y[j]! * y[j]!;
        ab[g]! += x[j]! * y[j]!;
      }
    }
    const t = positionOf(weights[0]!, weights[1]!);
    for (let g = 0; g < group.count; g++) {
      [ofA[g], ofB[g]] = factorsOf(t, Math.sqrt(aa[g]!), Math.sqrt(bb[g]!), ab[g]!);
    }
    for (const [begin, end] of ranges(size, piece)) {
      const { start, x, y } = read(begin, end);
      const merged = new Float32Array(x.length);
      for (let j = 0; j < merged.length; j++) {
        const g = group.of(begin + j);
        merged[j] = (start?.[j] ?? 0) + ofA[g]! * x[j]! + ofB[g]! * y[j]!;
      }
      yield merged;
    }
  },
};

/** The vectors that are interpolated on their own: along the first dimension or along the last. */
function groups(shape: readonly number[], first: boolean): { count: number; of: (index: number) => number } {
  const size = sizeOf(shape);
  const [outer, inner] = [shape[0] ?? 1, shape.at(-1) ?? 1];
  if (!first || shape.length < 2) return { count: size / inner, of: (index) => Math.floor(index / inner) };
  return { count: size / outer, of: (index) => index % (size / outer) };
}

function positionOf(a: number, b: number): number {
  return Math.abs(a + b) < NO_WEIGHT ? 0.5 : b / (a + b);
}

function factorsOf(t: number, a: number, b: number, product: number): [number, number] {
  // In float32, as in mergekit: the rounding decides which vectors are parallel.
  const cosine = Math.max(-1, Math.min(1, Math.fround(product / (Math.max(a, SHORT) * Math.max(b, SHORT)))));
  if (Math.fround(1 - Math.fround(cosine * cosine)) <= PARALLEL) return [1 - t, t];
  const angle = Math.acos(cosine);
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}
