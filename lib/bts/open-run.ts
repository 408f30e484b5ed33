// The stitched model of a finished run: seed, experts and stitches, loaded and put on the device.
import { openTokenizer, type Tokenizer } from "../data/mod.ts";
import type { ParameterCounts } from "../eval/mod.ts";
import { hashTensors, loadModelFolder } from "../huggingface/mod.ts";
import { type HostWeights, type ModelConfig, parameterCount, toDevice } from "../model/mod.ts";
import type { RunView } from "../run/mod.ts";
import { freezeModels, loadStitches, type StitchedModel, type StitchFile, stitchModels } from "../stitch/mod.ts";
import type { BtsConfig } from "./config.ts";
import { finishedRun } from "./finished.ts";
import { rolesOf } from "./roles.ts";
import { stitchFile } from "./stitch-file.ts";

/** The parts of a stitched model. */
export interface StitchedRun {
  readonly view: RunView;
  readonly config: BtsConfig;
  readonly model: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Names of the models in the order of the stitches, the hub's first: `seed`, `code`, … */
  readonly names: readonly string[];
  /** Weights in the same order. */
  readonly weights: readonly HostWeights[];
  readonly file: StitchFile;
}

/**
 * Loads the stitched model of a run.
 *
 * @throws UserError as `finishedRun()`, `loadModelFolder()` and `loadStitches()` do
 */
export async function openStitchedRun(runsFolder: string, id: string): Promise<StitchedRun> {
  const { view, config, cell } = await finishedRun(runsFolder, id);
  const experts = new Map(config.experts.map((name) => [name, `expert:${name}`]));
  const { hub, spokes } = rolesOf(config, "seed", experts);
  const parts = [hub, ...spokes];
  const loaded = [];
  for (const [, name] of parts) loaded.push(await loadModelFolder((await cell(name)).folder));
  const weights = loaded.map(({ tensors }) => tensors);
  const [hubHash, ...expertHashes] = weights.map(hashTensors);
  const file = await loadStitches(stitchFile((await cell("stitch")).folder), { hub: hubHash!, experts: expertHashes });
  return {
    view,
    config,
    model: loaded[0]!.config,
    tokenizer: openTokenizer(loaded[0]!.tokenizer!),
    names: parts.map(([name]) => name),
    weights,
    file,
  };
}

/**
 * Puts a stitched model on the device.
 *
 * @param scope frees its tensors
 * @throws UserError as `freezeModels()` and `stitchModels()` do
 */
export function stitchedOnDevice(
  { model, weights, file }: Pick<StitchedRun, "model" | "weights" | "file">,
  scope: DisposableStack,
): { readonly stitched: StitchedModel; readonly parameters: ParameterCounts } {
  const frozen = scope.use(freezeModels(model, file.config, weights));
  const stitches = scope.use(toDevice(file.stitches));
  const trained = Object.values(file.stitches).reduce((sum, { data }) => sum + data.length, 0);
  const total = weights.length * parameterCount(model) + trained;
  return {
    stitched: stitchModels({ config: model, stitch: file.config, ...frozen, stitches }),
    parameters: { trained, total, active: total },
  };
}
