// What several seeds show, in words: BTS against every other method, paired by seed.
import { HEADLINE, type RunView, seedOf, valueOf } from "../run/mod.ts";
import { methodPhrase } from "../methods.ts";
import { hasInterval, seedsSummary } from "./seeds.ts";
import { meanInterval } from "../statistics.ts";
import { differenceSentence, listed, sizes } from "./wording.ts";

/**
 * BTS against every other method, paired by seed: the mean difference in bits per byte with its interval, or with each
 * seed's difference if there are too few seeds for one. Empty without BTS.
 */
export function seedsClaims(views: readonly RunView[]): string[] {
  const { rows } = seedsSummary(views);
  return rows.filter(({ method }) => method !== "bts").flatMap(({ method }) => {
    const pairs = views.flatMap((view) => {
      const { results } = view;
      const [bts, other] = ["bts", method].map((name) => valueOf(results!.methods[name], HEADLINE));
      return bts === undefined || other === undefined ? [] : [{ seed: seedOf(view), saved: other - bts }];
    });
    return pairs.length === 0 ? [] : [claimOf(methodPhrase(method), pairs)];
  });
}

function claimOf(other: string, pairs: readonly { readonly seed: number; readonly saved: number }[]): string {
  const saved = pairs.map(({ saved }) => saved);
  const { mean, halfWidth } = meanInterval(saved);
  const common = { one: "BTS", other, where: "", saved: mean };
  if (hasInterval(pairs.length)) {
    const interval = [mean - halfWidth, mean + halfWidth] as const;
    const verdict = interval[0] > 0 ? "better" : interval[1] < 0 ? "worse" : "unclear";
    const wins = saved.filter((value) => value > 0).length;
    return differenceSentence({
      ...common,
      interval,
      verdict,
      remark: `; better in ${wins} of ${pairs.length} seeds`,
    });
  }
  const verdict = saved.every((value) => value > 0)
    ? "better"
    : saved.every((value) => value < 0)
    ? "worse"
    : "unclear";
  const { size } = sizes(saved[0]!, [Math.min(...saved), Math.max(...saved)]);
  const each = pairs.map(({ seed, saved }) =>
    `${size(saved)}${verdict === "unclear" ? saved > 0 ? " ahead" : " behind" : ""} with seed ${seed}`
  );
  const remark = pairs.length === 1 ? " (one seed, so no interval)" : ` (${listed(each)}: too few for an interval)`;
  return differenceSentence({ ...common, interval: undefined, verdict, remark });
}
