// Loading the stitched model of a finished run: seed, experts and stitches.
import { openTokenizer, type Tokenizer } from "../data/mod.ts";
import { hashTensors, loadModelFolder } from "../huggingface/mod.ts";
import type { HostWeights, ModelConfig } from "../model/mod.ts";
import type { RunView } from "../run/mod.ts";
import { loadStitches, type StitchFile } from "../stitch/mod.ts";
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
