// Detection of loss spikes with robust statistics: the median, and the median absolute deviation.

/** The ratio of the standard deviation to the median absolute deviation of normal noise: 1 / Φ⁻¹(3/4). */
const MAD_TO_DEVIATION = 1.4826;
/** With fewer losses there is no limit. */
const FEWEST = 16;

/** A spike must be above the median by more than each of these. */
export interface SpikeRule {
  /** In robust standard deviations. */
  readonly deviations: number;
  /** As a share of the median. */
  readonly share: number;
  /** In nats. */
  readonly rise: number;
}

/** The limit for the next loss. */
export interface SpikeLimit {
  /** Median of the last quarter of the losses. */
  readonly median: number;
  /** Robust standard deviation of all losses around their trend. */
  readonly deviation: number;
  /** A loss above this is a spike. */
  readonly limit: number;
}

/**
 * The limit above which the next loss is a spike: median + max(deviations · σ, share · |median|, rise). The median is that
 * of the last quarter, so a lasting change becomes the new normal after some steps. σ is the scaled median absolute
 * deviation around the line through the medians of the two halves, so a steep descent hides no spike. The other two
 * terms prevent false alarms on very smooth or very low curves.
 *
 * @returns undefined for fewer than 16 losses
 */
export function spikeLimit(losses: readonly number[], { deviations, share, rise }: SpikeRule): SpikeLimit | undefined {
  const n = losses.length;
  if (n < FEWEST) return undefined;
  const half = n >> 1;
  const [first, second] = [median(losses.slice(0, half)), median(losses.slice(half))];
  const slope = (second - first) / (n / 2);
  const middle = half + (n - half - 1) / 2; // of the second half
  const distances = losses.map((loss, i) => Math.abs(loss - second - slope * (i - middle)));
  const deviation = MAD_TO_DEVIATION * median(distances);
  const recent = median(losses.slice(-(n >> 2)));
  return {
    median: recent,
    deviation,
    limit: recent + Math.max(deviations * deviation, share * Math.abs(recent), rise),
  };
}

/** The median of one or more numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
