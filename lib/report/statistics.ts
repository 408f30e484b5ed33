// Means over repeated runs with Student's t intervals.

/** A mean with the half-width of its 95 % interval (NaN when there is only one sample). */
export interface MeanInterval {
  readonly mean: number;
  readonly halfWidth: number;
  readonly samples: number;
}

/** Probability that |T| ≤ t for Student's t with whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4). */
export function studentWithin(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const sine = Math.sin(angle), cosine = Math.cos(angle), odd = degrees % 2 === 1;
  let term = odd ? cosine : 1, sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
    // Each term is the one before times cos² and (k−1)/k: 2/3, 4/5, … for odd degrees, 1/2, 3/4, … for even ones.
    term *= cosine * cosine * ((k - 1) / k);
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

/** The t with probability `within` between −t and t, by bisection. @throws RangeError for degrees below 1 */
export function studentQuantile(degrees: number, within = 0.95): number {
  if (!Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(`Degrees of freedom must be 1 or more, not ${degrees}`);
  }
  let low = 0, high = 1;
  while (studentWithin(high, degrees) < within) high *= 2;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (studentWithin(middle, degrees) < within) low = middle;
    else high = middle;
  }
  return high;
}

/** Mean of `values` with its 95 % Student interval. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, halfWidth: NaN, samples: n };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, halfWidth: studentQuantile(n - 1) * Math.sqrt(variance / n), samples: n };
}
