// Loss spikes by a robust rule: far above the median of the last losses, measured in median absolute deviations.

/** Makes the median absolute deviation of normal noise its standard deviation: 1 / Φ⁻¹(3/4). */
const MAD_TO_DEVIATION = 1.4826;
/** Fewer losses than this tell nothing. */
const FEWEST = 16;

export interface SpikeRule {
  /** Robust standard deviations above the median. */
  readonly deviations: number;
  /** Share of the median above it. */
  readonly share: number;
  /** Nats above it. */
  readonly rise: number;
}

/** What the losses before say of the next one. */
export interface SpikeLimit {
  /** Of the last quarter of the losses. */
  readonly median: number;
  /** Robust standard deviation of all losses around their trend. */
  readonly deviation: number;
  /** A loss above this is a spike. */
  readonly limit: number;
}

/**
 * The limit above which the next loss is a spike: median + max(deviations · σ, share · |median|, rise), where the median is
 * that of the last quarter and σ the scaled median absolute deviation around the line through the medians of the two
 * halves. All must be passed, so that neither noise nor a very smooth or very low curve raises false alarms; a curve that falls
 * fast hides no spike, and a level that stays is the new one after some steps. Undefined for fewer than 16 losses.
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

/** The median of numbers that are not none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
