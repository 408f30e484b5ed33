// The measuring cells of the methods that are built.
import { type BaselineMethod, openBaseline } from "../../lib/baselines/mod.ts";
import { measureCell, type Measured, modelOf, type Text, type Trained, weightsOf } from "../../lib/bts/mod.ts";
import { methodPhrase } from "../../lib/methods.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import { costOf } from "./cost.ts";
import type { BaselinesLab, Branches } from "./method.ts";

/** Measures a method, except those that `measureEnsembles()` measures. */
export function measureMethod(
  lab: BaselinesLab,
  text: Text,
  { seed, experts }: Branches,
  method: BaselineMethod,
  built: CellResult<Trained>,
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  const { name } = method;
  const parts = method.making === "pretraining" ? [] : [seed, ...experts.values()];
  return measureCell(lab, text, {
    name: `evaluate:${name}`,
    title: `Measure ${methodPhrase(name)}`,
    description: "The method on the same text and questions.",
    inputs: { kind: "evaluate:method", name, method: built.key },
    forward: () => [{ flops: costOf(lab.config, model, method).flops.forward, models: Math.max(1, parts.length) }],
    code: import.meta,
    async open({ scope }) {
      const models = await Promise.all(parts.map(weightsOf));
      const { folder } = built;
      const { model: opened, parameters } = await openBaseline({ method, folder, model, models }, scope);
      return [{ name, model: opened, parameters }];
    },
  });
}
