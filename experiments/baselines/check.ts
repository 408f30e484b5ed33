// Settings of the comparison that cannot work together are refused before anything is written.
import { UserError } from "../../lib/errors.ts";
import { calmLayers } from "../../lib/merge/mod.ts";
import type { BaselinesConfig } from "./config.ts";
import { checkMerges } from "./merges.ts";
import { checkBts } from "../../lib/bts/mod.ts";

/** @throws UserError naming the settings that do not go together */
export function checkBaselines(config: BaselinesConfig): void {
  checkBts(config);
  const { baselines, experts, hub, model, stitch } = config;
  if (hub !== "seed" || stitch.mode === "pair") {
    throw new UserError(
      "baselines.hub",
      "The comparison is of methods that build on the seed: it needs the seed as the hub",
      "set hub to seed, and leave stitch.mode as it is",
    );
  }
  const twice = baselines.methods.find((name, i) => baselines.methods.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError("baselines.methods", `baselines.methods names "${twice}" twice`);
  if (baselines.methods.includes("calm")) calmLayers(baselines.calm, model.layers);
  const { topK } = baselines.btm;
  if (topK !== null && topK > 1 + experts.length) {
    throw new UserError(
      "baselines.btm",
      `baselines.btm.topK is ${topK}, but there are ${
        1 + experts.length
      } models: the seed and ${experts.length} experts`,
    );
  }
  checkMerges(config);
}
