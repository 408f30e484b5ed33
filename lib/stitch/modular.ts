// Removing or adding an expert: the stitches' parameters without it or with it, the others' kept bit for bit.
import { UserError } from "../errors.ts";
import type { HostTensor, HostWeights } from "../model/mod.ts";
import type { StitchConfig } from "./config.ts";
import { expertCount, initialStitches, modelOfParameter } from "./weights.ts";

/**
 * The stitches without one expert: its parameters are dropped, and the numbers of the experts after it fall by one.
 *
 * @param expert the number of the expert to remove, from 1
 * @throws UserError `stitch.expert` when there is no such expert, or it is the only one
 */
export function withoutExpert(stitches: HostWeights, expert: number): HostWeights {
  const experts = expertCount(stitches);
  if (!Number.isInteger(expert) || expert < 1 || expert > experts) {
    throw new UserError("stitch.expert", `Cannot remove expert ${expert}: the stitches have experts 1 to ${experts}`);
  }
  if (experts === 1) {
    throw new UserError("stitch.expert", "Cannot remove the only expert: there would be nothing to stitch");
  }
  const kept: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(stitches)) {
    const model = modelOfParameter(name);
    if (model !== expert) kept[model > expert ? renumbered(name, model - 1) : name] = tensor;
  }
  return kept;
}

/**
 * The stitches with one more expert, numbered last: its parameters are initial ones, all others stay.
 *
 * @param width d
 * @param rngSeed of the new expert's parameters, if they are random
 */
export function withExpert(stitches: HostWeights, config: StitchConfig, width: number, rngSeed: number): HostWeights {
  const experts = expertCount(stitches) + 1;
  const count = 1 + Math.max(...Object.keys(stitches).map((name) => Number(name.split(".")[1])));
  const fresh = initialStitches(config, { stitches: count, experts, width }, rngSeed);
  const grown: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(fresh)) grown[name] = stitches[name] ?? tensor;
  return grown;
}

function renumbered(name: string, model: number): string {
  return name.replace(/\.\d+$/, `.${model}`);
}
