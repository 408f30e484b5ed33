// The mean of shares over seeds with its 95 % interval, by Korn and Graubard.
import { proportionInterval, studentQuantile, varianceOf } from "../statistics.ts";

/**
 * The 95 % interval of a mean share over seeds, each of which asked some questions; it stays within 0 and 1.
 *
 * By Korn and Graubard (Survey Methodology 24, 1998), which national health surveys use for shares in clusters: the
 * exact interval of a proportion, for the number of independent questions that would vary as much as the seeds do,
 * made smaller for how badly few seeds show that; never more questions than were asked. So seeds that all score 0
 * have the interval of their questions taken together.
 *
 * @param shares 0 to 1, one for each of at least two seeds
 * @param questions of each seed
 */
export function meanShareInterval(
  shares: readonly number[],
  questions: readonly number[],
): { readonly low: number; readonly high: number } {
  const seeds = shares.length;
  const mean = Math.min(1, shares.reduce((sum, share) => sum + share, 0) / seeds);
  const asked = questions.reduce((sum, count) => sum + count, 0);
  const variance = varianceOf(shares, mean) / seeds;
  const independent = mean * (1 - mean) / variance * (studentQuantile(asked - 1) / studentQuantile(seeds - 1)) ** 2;
  const counted = mean === 0 || mean === 1 || variance === 0 ? asked : Math.min(asked, independent);
  return proportionInterval(mean * counted, counted);
}
