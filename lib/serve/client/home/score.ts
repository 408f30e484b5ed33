// The one number that stands for a run in the list. Pure.
import { methodLabel } from "../../../methods.ts";

/**
 * A run's score in the list of runs, by mean bits per byte: BTS, or in a study the best variant. Undefined if only the
 * seed was measured.
 */
export function listedScore(
  meanBpb: Readonly<Record<string, number>>,
): { readonly label: string; readonly bpb: number } | undefined {
  const { bts } = meanBpb;
  if (bts !== undefined) return { label: "BTS", bpb: bts };
  const made = Object.entries(meanBpb).filter(([method]) => method !== "seed");
  if (made.length === 0) return undefined;
  const [method, bpb] = made.reduce((best, one) => one[1] < best[1] ? one : best);
  return { label: made.length === 1 ? methodLabel(method) : `${methodLabel(method)} (best of ${made.length})`, bpb };
}
