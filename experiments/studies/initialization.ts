// How should the stitches be initialized? The paper does not say.
//
//     deno task run experiments/studies/initialization.ts --preset quick
import { direction, type Study, studyMain } from "../../lib/study/mod.ts";

export const initializationStudy: Study = {
  name: "initialization",
  title: "Initialization of the stitches",
  question: "Does it matter whether the stitches start as a plain mean, as the hub alone, or at random?",
  variants: () =>
    (["identity", "hub-preserving", "random"] as const).map((initialization) => ({
      name: initialization,
      change: (config) => ({ ...config, stitch: { ...config.stitch, initialization } }),
    })),
  directions: () => [
    direction("Identity projections are a better start than random ones", "identity", "random"),
    direction("The plain mean of all models is a better start than the hub alone", "identity", "hub-preserving"),
  ],
};

if (import.meta.main) await studyMain(initializationStudy);
