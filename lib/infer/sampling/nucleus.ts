// Which candidates are kept: top-p by quickselect on probability mass, in linear time, and a least probability.

/** Tokens that may be drawn: the first `count` of both arrays. */
export interface Candidates {
  readonly ids: Int32Array;
  /** Probabilities, not normalized. */
  readonly weights: Float64Array;
  count: number;
}

/**
 * Keeps the most likely candidates: each one as long as those before it have less than the share `topP` of the total,
 * and the first in any case. The lower id comes first among equals. Reorders the candidates.
 *
 * Holtzman et al., "The Curious Case of Neural Text Degeneration", arXiv 1904.09751, §3.1.
 */
export function keepNucleus(candidates: Candidates, topP: number, total: number): void {
  const { ids, weights } = candidates;
  // All tokens below this weight together have no more than what top-p leaves out. Few are above it, as a rule.
  keepAtLeast(candidates, (1 - topP) * total / candidates.count);
  let mass = topP * total; // that is still to be reached from `low` on
  let low = 0;
  let high = candidates.count;
  while (high - low > 1) {
    const [above, equal] = partition(ids, weights, low, high);
    let massAbove = 0;
    for (let i = low; i < above; i++) massAbove += weights[i]!;
    if (above > low && massAbove >= mass) {
      high = above;
      continue;
    }
    const weight = weights[above]!;
    const left = mass - massAbove;
    if (left <= weight * (equal - above) || equal === high) {
      ids.subarray(above, equal).sort();
      // The most likely one stays even for topP = 0.
      const needed = Math.max(above === 0 ? 1 : 0, weight > 0 ? Math.ceil(left / weight) : equal - above);
      candidates.count = Math.min(equal, above + needed);
      return;
    }
    mass = left - weight * (equal - above);
    low = equal;
  }
  candidates.count = mass > 0 || low === 0 ? high : low;
}

/** Keeps the candidates whose weight is at least `limit`, in their order. */
export function keepAtLeast(candidates: Candidates, limit: number): void {
  const { ids, weights } = candidates;
  let kept = 0;
  for (let i = 0; i < candidates.count; i++) {
    if (weights[i]! < limit) continue;
    ids[kept] = ids[i]!;
    weights[kept++] = weights[i]!;
  }
  candidates.count = kept;
}

/**
 * Reorders `[low, high)` into weights above a pivot, equal to it, and below it.
 *
 * @returns where the equal ones begin and end
 */
function partition(ids: Int32Array, weights: Float64Array, low: number, high: number): readonly [number, number] {
  const pivot = median(weights[low]!, weights[(low + high) >> 1]!, weights[high - 1]!);
  let above = low;
  let below = high;
  for (let i = low; i < below;) {
    const weight = weights[i]!;
    const target = weight > pivot ? above++ : weight < pivot ? --below : i;
    if (target !== i) {
      const id = ids[i]!;
      weights[i] = weights[target]!;
      ids[i] = ids[target]!;
      weights[target] = weight;
      ids[target] = id;
    }
    if (weight >= pivot) i++;
  }
  return [above, below];
}

const median = (a: number, b: number, c: number) => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
