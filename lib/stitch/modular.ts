// Removing, adding or merging experts: the stitches' parameters after it, those of the others kept bit for bit.
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

/**
 * The stitches with two experts in one, which has the number of the first: its parameters are the means of both experts',
 * and all others stay.
 *
 * @param first and `second`: numbers of experts, from 1
 * @throws UserError `stitch.expert` when there are no two such experts, or where the mean of parameters has no meaning
 */
export function withExpertsMerged(stitches: HostWeights, first: number, second: number): HostWeights {
  const experts = expertCount(stitches);
  const isExpert = (expert: number) => Number.isInteger(expert) && expert >= 1 && expert <= experts;
  if (!isExpert(first) || !isExpert(second) || first === second) {
    throw new UserError(
      "stitch.expert",
      `Cannot merge experts ${first} and ${second}: expected two of the experts 1 to ${experts}`,
    );
  }
  const merged: Record<string, HostTensor> = { ...stitches };
  for (const [name, { shape, data }] of Object.entries(stitches)) {
    if (modelOfParameter(name) !== first) continue;
    if (isFactor(name)) {
      throw new UserError(
        "stitch.expert",
        "Cannot merge experts of low-rank stitches (E2H-LR): the mean of two projections has a higher rank",
        "remove one of the experts instead: deno task expert remove",
      );
    }
    const other = stitches[renumbered(name, second)]!.data;
    merged[name] = { shape, data: data.map((value, i) => (value + other[i]!) / 2) };
  }
  return withoutExpert(merged, second);
}

/** Whether a parameter is a factor of a low-rank projection. */
const isFactor = (name: string) => /\.(up|down)\.\d+$/.test(name);

function renumbered(name: string, model: number): string {
  return name.replace(/\.\d+$/, `.${model}`);
}
