// The greedy choice of experts under a budget, and the datamix of their stitches.

/** Bits per byte saved against the seed, by candidate and domain. */
export type GainMatrix = readonly (readonly number[])[];

/**
 * What a set of experts gains together: the mean over domains of the best gain of any of them there, or 0, the seed's own.
 *
 * As a function of the set, this is a facility location: monotone and submodular, that is, what a candidate adds never
 * grows as others join.
 *
 * @param chosen rows of `gains`
 */
export function jointGain(gains: GainMatrix, chosen: readonly number[]): number {
  const best = bestGains(gains, chosen);
  return best.reduce((sum, gain) => sum + gain, 0) / best.length;
}

/** The best gain on each domain of any of the chosen, or 0. */
export function bestGains(gains: GainMatrix, chosen: readonly number[]): number[] {
  return gains[0]!.map((_, domain) => Math.max(0, ...chosen.map((candidate) => gains[candidate]![domain]!)));
}

/**
 * Chooses candidates one by one: always the one that adds most to {@linkcode jointGain}, the first among equals, as long as
 * one adds anything. All cost the same, so that the joint gain is at least 1 − 1/e = 63 % of that of the best set of as
 * many (Nemhauser, Wolsey and Fisher, Mathematical Programming 14, 1978).
 *
 * @param most how many, at most
 * @returns rows of `gains` in the order of the choice
 */
export function chooseGreedily(gains: GainMatrix, most: number): number[] {
  const chosen: number[] = [];
  const best = gains[0]!.map(() => 0);
  while (chosen.length < Math.min(most, gains.length)) {
    let next = -1, adds = 0;
    for (const [candidate, row] of gains.entries()) {
      if (chosen.includes(candidate)) continue;
      let added = 0;
      for (let d = 0; d < best.length; d++) added += Math.max(0, row[d]! - best[d]!);
      if (added > adds) [next, adds] = [candidate, added];
    }
    if (next < 0) return chosen;
    chosen.push(next);
    for (let d = 0; d < best.length; d++) best[d] = Math.max(best[d]!, gains[next]![d]!);
  }
  return chosen;
}

/**
 * A datamix for the stitches of chosen experts: one part in equal shares of all domains, so that the stitches keep what
 * the seed knows, and the other in proportion to what the experts gain on each, so that the stitches learn there to use them.
 *
 * @param best gain of the chosen on each domain, 0 or more, in the order of `domains`
 * @param gainShare the second part, 0 to 1
 * @returns shares that add up to 1, to rounding at three decimals
 */
export function stitchMix(
  domains: readonly string[],
  best: readonly number[],
  gainShare: number,
): Record<string, number> {
  const total = best.reduce((sum, gain) => sum + gain, 0);
  const part = total > 0 ? gainShare : 0;
  return Object.fromEntries(domains.map((domain, d) => {
    const byGain = total > 0 ? best[d]! / total : 0;
    return [domain, Math.round(1000 * ((1 - part) / domains.length + part * byGain)) / 1000];
  }));
}
