// Inner products of tensors, accumulated in float64.

/** The symmetric matrix of inner products `⟨v_i, v_j⟩` of `count` vectors, row by row. */
export type Gram = Float64Array;

/** Adds the inner products of `vectors[i]` from `begin` to `end` (exclusive) to a matrix. */
export function addGram(gram: Gram, vectors: readonly Float32Array[], begin: number, end: number): void {
  const count = vectors.length;
  for (let a = 0; a < count; a++) {
    for (let b = a; b < count; b++) {
      const [x, y] = [vectors[a]!, vectors[b]!];
      let sum = 0;
      for (let j = begin; j < end; j++) sum += x[j]! * y[j]!;
      gram[a * count + b]! += sum;
      if (a !== b) gram[b * count + a]! += sum;
    }
  }
}
