// Gates: one per dimension or one per model, and how much dropout on their logits? The paper does not say.
//
//     deno task run experiments/studies/gates.ts --preset quick
import type { BtsConfig } from "../../lib/bts/mod.ts";
import { direction, type Study, studyMain, type Variant } from "../../lib/study/mod.ts";

const variant = (gates: BtsConfig["stitch"]["gates"], dropout: number): Variant => ({
  name: `${gates}, dropout ${dropout}`,
  change: (config) => ({ ...config, stitch: { ...config.stitch, gates, dropout } }),
});

export const gatesStudy: Study = {
  name: "gates",
  title: "Gates",
  question: "Are vector gates worth their parameters, and does dropout on the gate logits help?",
  variants: () => [variant("vector", 0.1), variant("scalar", 0.1), variant("vector", 0), variant("vector", 0.3)],
  directions: () => [
    direction("A gate per dimension is better than a gate per model", "vector, dropout 0.1", "scalar, dropout 0.1"),
    direction("Dropout of 0.1 on the gate logits is better than none", "vector, dropout 0.1", "vector, dropout 0"),
  ],
};

if (import.meta.main) await studyMain(gatesStudy);
