// How do quality and cost change with the number of experts, n = 1 to 8? The paper has n = 3.
//
//     deno task run experiments/studies/experts.ts --preset quick
import type { BtsConfig } from "../../lib/bts/mod.ts";
import { direction, type Study, studyMain } from "../../lib/study/mod.ts";

/** Parts of the built-in text in the order in which their experts join; the first ones are of different kinds. */
export const PARTS: BtsConfig["experts"] = [
  "compiler",
  "arithmetic",
  "messages",
  "novel",
  "declarations",
  "crosslingual",
  "rights",
  "speeches",
];
const equal = Object.fromEntries(PARTS.map((part) => [part, 1]));

/** Settings with an expert for each part. */
export const MANY_EXPERTS = { data: { domains: PARTS }, mix: { seed: equal, stitch: equal }, experts: PARTS };

export const expertsStudy: Study = {
  name: "experts",
  title: "Number of experts",
  question: "How do quality and cost change with the number of experts?",
  settings: MANY_EXPERTS,
  variants: ({ experts }) =>
    experts.map((_, i) => experts.length - i).map((n) => ({
      name: `n=${n}`,
      change: (config) => ({ ...config, experts: config.experts.slice(0, n) }),
    })),
  directions: ({ experts }) => {
    const n = experts.length;
    const half = Math.ceil(n / 2);
    return [
      ...(half > 1 ? [direction(`${half} experts are better than one`, `n=${half}`, "n=1")] : []),
      ...(n > half ? [direction(`${n} experts are better than ${half}`, `n=${n}`, `n=${half}`)] : []),
    ];
  },
};

if (import.meta.main) await studyMain(expertsStudy);
