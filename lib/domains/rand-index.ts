// How well clusters agree with labels.

/**
 * The adjusted Rand index of two partitions (Hubert and Arabie, 1985): 1 if they are the same, 0 in the mean of random ones.
 */
export function adjustedRandIndex(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count * (count - 1) / 2, 0);
  const tally = (key: (at: number) => string | number) => {
    const counts = new Map<string | number, number>();
    for (let at = 0; at < a.length; at++) counts.set(key(at), (counts.get(key(at)) ?? 0) + 1);
    return pairs(counts.values());
  };
  const together = tally((at) => `${a[at]} ${b[at]}`), inA = tally((at) => a[at]!), inB = tally((at) => b[at]!);
  const expected = inA * inB / pairs([a.length]);
  const most = (inA + inB) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}
