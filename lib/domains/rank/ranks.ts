// Ranks of candidates by their gains, as far as the gains can be told apart.
import type { Gain } from "./gains.ts";

/** The ranks that a candidate may have, from 1. */
export interface RankRange {
  readonly best: number;
  readonly worst: number;
}

/**
 * The ranks that are left for each candidate by those that are clearly better or worse: candidates whose ranges overlap
 * cannot be told apart. Each pair is compared at the level of 95 %.
 *
 * @param gains on different documents, so that they are independent
 */
export function rankRanges(gains: readonly Gain[]): RankRange[] {
  return gains.map((one) => ({
    best: 1 + gains.filter((other) => isClearlyAbove(other, one)).length,
    worst: gains.length - gains.filter((other) => isClearlyAbove(one, other)).length,
  }));
}

/**
 * Whether the 95 % interval of `a − b` is above 0, by the method of variance estimates recovery from the intervals of
 * both (Zou and Donner, Statistics in Medicine 27, 2008).
 */
function isClearlyAbove(a: Gain, b: Gain): boolean {
  if (a.low === null || b.high === null) return false;
  return a.value - b.value - Math.hypot(a.value - a.low, b.high - b.value) > 0;
}

/** `2`, or `2–4` */
export function rankText({ best, worst }: RankRange): string {
  return best === worst ? String(best) : `${best}–${worst}`;
}
