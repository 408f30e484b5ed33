// Thinning a curve: of many points, the lowest and the highest in each bucket of steps, so that no spike is lost. Pure.

/** A curve to thin: points ordered by step; a value that is not finite is NaN. */
export interface Curve {
  readonly length: number;
  step(index: number): number;
  value(index: number): number;
}

/**
 * The width of buckets, in steps: the smallest power of two with at most `most` buckets, so that it changes rarely while
 * a curve grows, and each bucket is two of the buckets before. 0 if the curve is short enough to keep every point.
 *
 * @param points of the curve
 * @param span steps that it covers
 * @param most buckets
 */
export function bucketWidth(points: number, span: number, most: number): number {
  if (points <= 2 * most) return 0;
  let width = 1;
  // One more bucket than the quotient: buckets start at multiples of their width, curves do not.
  while (Math.floor(span / width) + 2 > most && width < 2 ** 52) width *= 2;
  return width;
}

/**
 * Indexes of the points to keep among `from` to `to` (exclusive): of each bucket the lowest and the highest value and the
 * first that is not finite; and the first and last point of all. With width 0, every point.
 *
 * Buckets start at multiples of `width`, so a bucket that is over never changes. For the same reason the points kept with
 * a wider bucket are among those kept with a narrower one.
 *
 * @param first point of all, if `from` is the start of a later bucket. @default from
 */
export function thin(curve: Curve, width: number, from = 0, to = curve.length, first = from): number[] {
  if (width === 0) return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  const kept: number[] = [];
  for (let start = from; start < to;) {
    const bucket = Math.floor(curve.step(start) / width);
    let [low, high, broken] = [-1, -1, -1];
    let at = start;
    for (; at < to && Math.floor(curve.step(at) / width) === bucket; at++) {
      const value = curve.value(at);
      if (Number.isNaN(value)) {
        if (broken < 0) broken = at;
        continue;
      }
      if (low < 0 || value < curve.value(low)) low = at;
      if (high < 0 || value > curve.value(high)) high = at;
    }
    const ends = [start === first ? first : -1, at === to ? to - 1 : -1];
    kept.push(...[...new Set([low, high, broken, ...ends])].filter((index) => index >= 0).sort((a, b) => a - b));
    start = at;
  }
  return kept;
}

/**
 * At most about `most` of a curve's points, in order: the lowest and the highest of neighboring ones, so that the noise
 * stays as wide as it is, and both ends.
 */
export function extremes<P>(points: readonly P[], valueOf: (point: P) => number, most: number): P[] {
  const curve = { length: points.length, step: (index: number) => index, value: (i: number) => valueOf(points[i]!) };
  const width = bucketWidth(points.length, points.length - 1, Math.floor(most / 2));
  return thin(curve, width).map((index) => points[index]!);
}
