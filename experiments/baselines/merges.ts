// The cell that merges the seed model and the experts weight by weight, and measures the merges.
import { measureCell, type Measured, type Method, modelOf, type Text, weightsOf } from "../../lib/bts/mod.ts";
import { mergeIntoSeed, SEED_MERGES } from "../../lib/merge/mod.ts";
import { decoder, forwardFlops, parameterCount, toDevice } from "../../lib/model/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import type { BaselinesLab, Branches } from "./method.ts";

/** Measures merges of the seed and the experts weight by weight, which need no training. */
export function measureMerges(
  lab: BaselinesLab,
  text: Text,
  { seed, experts }: Branches,
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  const { merge } = lab.config.baselines;
  const cells = [seed, ...experts.values()];
  return measureCell(lab, text, {
    name: "evaluate:merges",
    title: "Measure merges weight by weight",
    description: "Task arithmetic, TIES, DARE, DELLA, breadcrumbs and SLERP of the seed and the experts.",
    inputs: { kind: "evaluate:merges", models: cells.map(({ key }) => key), merges: SEED_MERGES, merge },
    forward: () => SEED_MERGES.map(() => ({ flops: forwardFlops(model), models: 1 })),
    code: import.meta,
    async open({ scope }) {
      const [base, ...models] = await Promise.all(cells.map(weightsOf));
      const one = parameterCount(model);
      return SEED_MERGES.map((name): Method => {
        const merged = mergeIntoSeed(name, { base: base!, models }, merge, lab.rngSeed);
        const weights = scope.use(toDevice(merged));
        return { name, model: decoder(model, weights), parameters: { trained: 0, total: one, active: one } };
      });
    },
  });
}
