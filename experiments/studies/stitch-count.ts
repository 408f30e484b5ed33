// How many stitch layers? (BTS, arXiv 2502.00075: K = 1, 4 and 10.)
//
//     deno task run experiments/studies/stitch-count.ts --preset quick
import type { BtsConfig } from "../../lib/bts/mod.ts";
import { direction, type Study, studyMain } from "../../lib/study/mod.ts";

/** All K that divide the number of layers, from a stitch after every layer to one after the last. */
function counts({ model: { layers } }: BtsConfig): number[] {
  return Array.from({ length: layers }, (_, i) => i + 1).filter((count) => layers % count === 0).toReversed();
}

export const stitchCountStudy: Study = {
  name: "stitch-count",
  title: "Number of stitches",
  question: "Are many stitch layers better than one after the last layer?",
  variants: (config) =>
    counts(config).map((count) => ({
      name: `K=${count}`,
      change: (config) => ({ ...config, stitch: { ...config.stitch, count, positions: null } }),
    })),
  directions: (config) => {
    const [most, ...rest] = counts(config);
    const least = rest.at(-1);
    const middle = rest.find((count) => count > 1);
    return [
      ...(least === undefined ? [] : [
        direction(`${middle ?? most} stitches are better than one`, `K=${middle ?? most}`, `K=${least}`, {
          finding: "yes",
          scores: "28.1 with K = 4, 27.0 with K = 1",
        }),
      ]),
      ...(middle === undefined ? [] : [
        direction(`A stitch after every layer is better than ${middle}`, `K=${most}`, `K=${middle}`, {
          finding: "no difference",
          scores: "28.1 with K = 10 and with K = 4",
        }),
      ]),
    ];
  },
};

if (import.meta.main) await studyMain(stitchCountStudy);
