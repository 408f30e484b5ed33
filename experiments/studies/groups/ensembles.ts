// The cell that measures many single experts, and for several numbers of them their soup and their ensembles. Every model
// scores the text once; the losses of the ensembles are computed from theirs.
import {
  type Lab,
  type MeasureSpec,
  type Method,
  modelOf,
  type Text,
  type Trained,
  weightsOf,
} from "../../../lib/bts/mod.ts";
import { MEASURES, rowMemory } from "../../../lib/eval/mod.ts";
import { btmEnsemble, type BtmOptions, mixedLosses, soup } from "../../../lib/merge/mod.ts";
import { decoder, forwardFlops, parameterCount, toDevice } from "../../../lib/model/mod.ts";
import type { CellResult } from "../../../lib/run/mod.ts";

/** What is measured here: without decoding token by token, which takes as long as all else. */
const MEASURED = MEASURES.filter(({ name }) => name === "bpb" || name === "parameters");

/** The models that BTM's `top-k` variant uses at a token. */
export const TOP_K = 2;

/** The methods of this cell for `n` experts. */
export const ensembleNames = (n: number) => ({
  soup: `Soup, n=${n}`,
  btm: `BTM, n=${n}`,
  topK: `BTM top-${TOP_K}, n=${n}`,
});

/** Measures the seed, all experts, and soups and ensembles of the seed with the first `n` experts for each `n`. */
export function manySpec(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  counts: readonly number[],
): MeasureSpec {
  const model = modelOf(lab, text);
  const parts = [seed, ...experts.values()];
  const one = parameterCount(model);
  const flops = forwardFlops(model);
  return {
    name: "evaluate",
    title: "Measure the seed, all experts, and their soups and ensembles",
    description: `Soups and ensembles of the first ${counts.join(", ")} experts and the seed.`,
    inputs: {
      kind: "evaluate:many",
      models: parts.map(({ key }) => key),
      names: [...experts.keys()],
      counts,
      k: TOP_K,
    },
    forward: () => [
      ...parts.map(() => ({ flops, models: 1 })),
      ...counts.flatMap((n) => {
        const ensemble = { flops: (n + 1) * flops, models: n + 1, known: "predictions" } as const;
        return [{ flops, models: 1 }, ensemble, ensemble];
      }),
    ],
    held: () => (parts.length + 1) * one,
    code: import.meta,
    async open({ scope }) {
      const weights = await Promise.all(parts.map(weightsOf));
      const models = weights.map((one) => decoder(model, scope.use(toDevice(one))));
      const memory = rowMemory(models.length);
      const single = { trained: 0, total: one, active: one };
      const names = ["seed", ...[...experts.keys()].map((name) => `expert:${name}`)];
      const ensemble = (name: string, n: number, options: BtmOptions): Method => ({
        name,
        open: () => btmEnsemble(models.slice(0, n + 1), options),
        parameters: { trained: 0, total: (n + 1) * one, active: (n + 1) * one },
        measures: MEASURED,
        knownLosses(tokens) {
          const losses = memory.recall(tokens);
          return losses && mixedLosses(losses.slice(0, n + 1), options);
        },
      });
      return [
        ...models.map((model, i): Method => ({
          name: names[i]!,
          open: () => model,
          parameters: { ...single, trained: one },
          measures: MEASURED,
          onRow: memory.record(i),
        })),
        ...counts.flatMap((n): Method[] => {
          const { soup: soupName, btm, topK } = ensembleNames(n);
          return [
            {
              name: soupName,
              open: (scope) => decoder(model, scope.use(toDevice(soup(weights.slice(0, n + 1))))),
              parameters: single,
              measures: MEASURED,
            },
            ensemble(btm, n, {}),
            ensemble(topK, n, { topK: TOP_K }),
          ];
        }),
      ];
    },
  };
}
