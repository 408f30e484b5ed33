// The cell that measures the methods without stitches: the seed model, the experts, their soup and their ensemble.
import { rowMemory } from "../eval/mod.ts";
import { btmEnsemble, mixedLosses, mixtureTops, soup } from "../merge/mod.ts";
import { decoder, forwardFlops, parameterCount, toDevice } from "../model/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { type Lab, modelOf, weightsOf } from "./lab.ts";
import { measureCell, type MeasureSpec } from "./measure.ts";
import type { Method } from "./measure-methods.ts";
import type { Measured } from "./measured.ts";
import type { Text } from "./text.ts";
import type { Trained } from "./training.ts";

/** Measures the seed model, the experts, their soup and their ensemble. */
export function measureBaselines(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
): Promise<CellResult<Measured>> {
  return measureCell(lab, text, baselinesSpec(lab, text, seed, experts));
}

/** What {@linkcode measureBaselines} measures. */
export function baselinesSpec(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
): MeasureSpec {
  const model = modelOf(lab, text);
  const parts = [seed, ...experts.values()];
  return {
    name: "evaluate",
    title: "Measure seed, experts, soup and ensemble",
    description: "All measures of all methods without stitches, on the same held-out text and questions.",
    inputs: { kind: "evaluate", models: parts.map(({ key }) => key), names: [...experts.keys()] },
    forward() {
      const one = { flops: forwardFlops(model), models: 1 };
      const ensemble = { flops: parts.length * one.flops, models: parts.length, known: "losses" } as const;
      return [...parts.map(() => one), one, ensemble];
    },
    held: () => (parts.length + 1) * parameterCount(model),
    code: import.meta,
    async open({ scope }) {
      const weights = await Promise.all(parts.map(weightsOf));
      const models = weights.map((one) => decoder(model, scope.use(toDevice(one))));
      // The ensemble's losses are computed from those of its members; it runs them again to find the most likely tokens of
      // held-out text, and to generate.
      const memory = rowMemory(models.length);
      const knownLosses = (tokens: Int32Array) => {
        const losses = memory.recall(tokens);
        return losses && mixedLosses(losses);
      };
      const knownTops = (rows: readonly Int32Array[]) =>
        mixtureTops(models, rows.map((tokens) => ({ tokens, losses: memory.recall(tokens)! })));
      const one = parameterCount(model);
      const all = one * models.length;
      const names = ["seed", ...[...experts.keys()].map((name) => `expert:${name}`)];
      return [
        ...models.map((model, i): Method => ({
          name: names[i]!,
          open: () => model,
          parameters: { trained: one, total: one, active: one },
          onRow: memory.record(i),
        })),
        {
          name: "soup",
          open: (scope) => decoder(model, scope.use(toDevice(soup(weights)))),
          parameters: { trained: 0, total: one, active: one },
        },
        {
          name: "btm",
          open: () => btmEnsemble(models),
          parameters: { trained: 0, total: all, active: all },
          knownLosses,
          knownTops,
        },
      ];
    },
  };
}
