// Checks of the comparison's settings that depend on one another, before anything is written.
import { UserError } from "../../lib/errors.ts";
import { baselineNamed } from "../../lib/baselines/mod.ts";
import { checkSeedMerges } from "../../lib/merge/mod.ts";
import type { BaselinesConfig } from "./config.ts";
import { settingsOf } from "./method.ts";
import { checkBts } from "../../lib/bts/mod.ts";

/** @throws UserError naming the settings that do not fit together */
export function checkBaselines(config: BaselinesConfig): void {
  checkBts(config);
  const { baselines, experts, hub, model, stitch } = config;
  const { methods, merges, secondEnsemble } = baselines;
  const compares = methods.length > 0 || merges.length > 0 || secondEnsemble;
  if (compares && (hub !== "seed" || stitch.mode === "pair")) {
    throw new UserError(
      "baselines.hub",
      "The comparison needs the seed as the hub: all its methods build on the seed",
      "set hub to seed and stitch.mode to hub, or baselines.methods and baselines.merges to []",
    );
  }
  for (const [setting, names] of Object.entries<readonly string[]>({ methods, merges })) {
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new UserError("baselines.methods", `baselines.${setting} has "${twice}" twice`);
  }
  for (const method of methods.map(baselineNamed)) {
    if (method.making === "pretraining") continue;
    method.check?.(method.configOf(settingsOf(config)), { layers: model.layers, experts: experts.length });
  }
  const { topK } = baselines.btm;
  if (secondEnsemble && topK !== null && topK > 1 + experts.length) {
    throw new UserError(
      "baselines.btm",
      `baselines.btm.topK is ${topK}, but there are ${
        1 + experts.length
      } models: the seed and ${experts.length} experts`,
    );
  }
  checkSeedMerges(baselines.merge, experts.length, merges);
}
