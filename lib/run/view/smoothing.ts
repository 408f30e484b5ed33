// Smoothing of noisy curves, the same on the page and in the report. Pure: the browser loads this file.

/**
 * The weight that a moving average keeps at each point: it averages over about a fiftieth of the curve, and over five
 * points at least.
 *
 * @param points of the whole curve, also those to come
 */
export function smoothingWeight(points: number): number {
  return 1 - 1 / Math.max(5, points / 50);
}

/**
 * The exponential moving average, divided by the weights that it has seen so far, as TensorBoard shows it: the first
 * point is not given more weight than others (Kingma and Ba 2015, section 3). Missing values and gaps stay as they are.
 *
 * @param values undefined where nothing was logged, null where the value was not finite
 * @param weight of what came before, 0 to 1
 */
export function smoothed<T extends null | undefined>(values: readonly (number | T)[], weight: number): (number | T)[] {
  const average = movingAverage(weight);
  return values.map((value) => value === null || value === undefined ? value : average(value));
}

/** The average of {@linkcode smoothed} up to each value that it is given. */
export function movingAverage(weight: number): (value: number) => number {
  let average = 0, seen = 0;
  return (value) => {
    average = weight * average + (1 - weight) * value;
    seen = weight * seen + 1 - weight;
    return average / seen;
  };
}
