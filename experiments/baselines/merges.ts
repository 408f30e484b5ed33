// Merging the seed model and the experts weight by weight, and measuring the merges.
import { type MeasureSpec, type Method, modelOf, type Text, weightsOf } from "../../lib/bts/mod.ts";
import { mergeIntoSeed } from "../../lib/merge/mod.ts";
import { methodLabel } from "../../lib/methods.ts";
import { decoder, forwardFlops, parameterCount, toDevice } from "../../lib/model/mod.ts";
import type { BaselinesLab, Branches } from "./method.ts";

/** Measuring the merges of the seed and the experts weight by weight, which need no training. */
export function mergesSpec(lab: BaselinesLab, text: Text, { seed, experts }: Branches): MeasureSpec {
  const model = modelOf(lab, text);
  const { merge, merges } = lab.config.baselines;
  const cells = [seed, ...experts.values()];
  return {
    name: "evaluate:merges",
    title: "Measure merges weight by weight",
    description: `${merges.map(methodLabel).join(", ")} of the seed and the experts.`,
    inputs: { kind: "evaluate:merges", models: cells.map(({ key }) => key), merges, merge },
    forward: () => merges.map(() => ({ flops: forwardFlops(model), models: 1 })),
    held: () => parameterCount(model),
    code: import.meta,
    async open() {
      const [base, ...models] = await Promise.all(cells.map(weightsOf));
      const one = parameterCount(model);
      return merges.map((name): Method => ({
        name,
        open(scope) {
          const merged = mergeIntoSeed(name, { base: base!, models }, merge, lab.rngSeed);
          return decoder(model, scope.use(toDevice(merged)));
        },
        parameters: { trained: 0, total: one, active: one },
      }));
    },
  };
}
