// The cell that merges the seed model and the experts weight by weight, and measures the merges.
import { measureCell, type Measured, type Method, modelOf, type Text, weightsOf } from "../../lib/bts/mod.ts";
import { mergeWeights, resolveOptions, soup, weightMethod } from "../../lib/merge/mod.ts";
import { decoder, forwardFlops, type HostWeights, parameterCount, toDevice } from "../../lib/model/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import type { BaselinesConfig } from "./config.ts";
import type { BaselinesLab, Branches } from "./method.ts";

/** The merges, in the order of the table; the seed is their base. */
export const WEIGHT_MERGES = [
  "task-arithmetic",
  "ties",
  "dare-linear",
  "dare-ties",
  "della",
  "breadcrumbs",
  "slerp",
] as const;

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
    inputs: { kind: "evaluate:merges", models: cells.map(({ key }) => key), merges: WEIGHT_MERGES, merge },
    forward: () => WEIGHT_MERGES.map(() => ({ flops: forwardFlops(model), models: 1 })),
    code: import.meta,
    async open({ scope }) {
      const [base, ...models] = await Promise.all(cells.map(weightsOf));
      const one = parameterCount(model);
      return WEIGHT_MERGES.map((name): Method => {
        const weights = scope.use(toDevice(mergedWeights(name, base!, models, merge, lab.rngSeed)));
        return { name, model: decoder(model, weights), parameters: { trained: 0, total: one, active: one } };
      });
    },
  });
}

type MergeSettings = BaselinesConfig["baselines"]["merge"];

/** One merge, with the seed as its base. */
function mergedWeights(
  name: typeof WEIGHT_MERGES[number],
  base: HostWeights,
  models: readonly HostWeights[],
  merge: MergeSettings,
  rngSeed: number,
): HostWeights {
  // SLERP takes two models: the seed, and the average of the experts.
  if (name === "slerp") return mergeWeights(name, { base, models: [soup(models)] });
  return mergeWeights(name, { base, models }, settingsOf(name, merge, rngSeed));
}

/** The settings that are options of the method. */
function settingsOf(name: string, { lambda, density }: MergeSettings, rngSeed: number) {
  const { options } = weightMethod(name);
  return Object.fromEntries(
    Object.entries({ lambda, density, seed: rngSeed }).filter(([option]) => Object.hasOwn(options, option)),
  );
}

/** @throws UserError `merge.option` for settings that one of the merges cannot take */
export function checkMerges({ baselines: { merge }, experts }: BaselinesConfig): void {
  for (const name of WEIGHT_MERGES) {
    if (name !== "slerp") resolveOptions(weightMethod(name), settingsOf(name, merge, 1), experts.length);
  }
}
