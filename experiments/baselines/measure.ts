// The measuring cells of the methods that are built.
import { type BaselineMethod, openBaseline } from "../../lib/baselines/mod.ts";
import { type MeasureSpec, modelOf, type Text, weightsOf } from "../../lib/bts/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import { costOf } from "./cost.ts";
import { type BaselinesLab, type Branches, partsOf, phraseOf } from "./method.ts";

/** Measuring a method, except those that `ensemblesSpec()` measures. */
export function methodSpec(
  lab: BaselinesLab,
  text: Text,
  branches: Branches,
  method: BaselineMethod,
  built: Pick<CellResult<unknown>, "key" | "folder">,
): MeasureSpec {
  const model = modelOf(lab, text);
  const { name } = method;
  const parts = [...partsOf(method, branches).values()];
  return {
    name: `evaluate:${name}`,
    title: `Measure ${phraseOf(method)}`,
    description: "The method on the same text and questions.",
    inputs: { kind: "evaluate:method", name, method: built.key },
    forward: () => [{ flops: costOf(lab.config, model, method).flops.forward, models: Math.max(1, parts.length) }],
    held: () => costOf(lab.config, model, method).parameters.total,
    code: [import.meta, method.code],
    async open({ scope }) {
      const models = await Promise.all(parts.map(weightsOf));
      const { folder } = built;
      const { model: opened, parameters } = await openBaseline({ method, folder, model, models }, scope);
      return [{ name, open: () => opened, parameters }];
    },
  };
}
