// Do the projections into the hub need full rank? Not in the BTS paper; the low-rank form is LoRA's (arXiv 2106.09685).
//
//     deno task run experiments/studies/low-rank.ts --preset quick
//
// Every stitch into the hub, W_i, is replaced by I + U_i V_i of rank 1, d/16 and d/4. The gates are the same.
import type { BtsConfig } from "../../lib/bts/mod.ts";
import { placeStitches, type StitchKindName } from "../../lib/stitch/mod.ts";
import { direction, type Study, studyMain, type Variant } from "../../lib/study/mod.ts";

const FULL: StitchKindName = "E2H";
const LOW: StitchKindName = "E2H-LR";

function ranksOf({ model: { width } }: BtsConfig): number[] {
  return [...new Set([1, Math.ceil(width / 16), Math.ceil(width / 4)])];
}

const nameOf = (rank: number) => `${LOW}, rank ${rank}`;

const lowRank = (rank: number): Variant => ({
  name: nameOf(rank),
  change(config) {
    const kinds = placeStitches(config.stitch, config.model.layers).map(({ kind }) => kind === FULL ? LOW : kind);
    return { ...config, stitch: { ...config.stitch, kinds, rank } };
  },
});

export const lowRankStudy: Study = {
  name: "low-rank",
  title: "Rank of the projections",
  question: "Do the projections of the experts into the hub need full rank?",
  settings: { stitch: { kinds: "all-e2h" } },
  variants: (config) => [{ name: FULL, change: (config) => config }, ...ranksOf(config).map(lowRank)],
  directions(config) {
    const ranks = ranksOf(config);
    const [least, most] = [ranks[0]!, ranks.at(-1)!];
    return [
      direction(`Projections of full rank are better than those of rank ${most}`, FULL, nameOf(most)),
      ...(least === most ? [] : [
        direction(`Projections of rank ${most} are better than those of rank ${least}`, nameOf(most), nameOf(least)),
      ]),
    ];
  },
};

if (import.meta.main) await studyMain(lowRankStudy);
