// Which model should be the hub? (BTS, arXiv 2502.00075: the seed, or the math expert.)
//
//     deno task run experiments/studies/hub.ts --preset quick
import { direction, type Study, studyMain } from "../../lib/study/mod.ts";

export const hubStudy: Study = {
  name: "hub",
  title: "The hub",
  question: "Is the seed the best hub, or is an expert, with the seed among the models stitched to it?",
  variants: ({ experts }) =>
    (["seed", ...experts] as const).map((hub) => ({ name: `hub ${hub}`, change: (config) => ({ ...config, hub }) })),
  directions: ({ experts }) =>
    experts.map((
      expert,
    ) => (direction(
      `The seed is a better hub than the ${expert} expert`,
      "hub seed",
      `hub ${expert}`,
      expert === "math" ? { finding: "yes", scores: "28.1 against 26.2" } : null,
    ))),
};

if (import.meta.main) await studyMain(hubStudy);
