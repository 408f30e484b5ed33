// The stitched model of a finished run: seed, experts and stitches, loaded and put on the device.
import { openTokenizer, type Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import {
  type ChatTemplate,
  endIds,
  type GenerationConfig,
  hashTensors,
  loadModelFolder,
  readChatTemplate,
  readGenerationConfig,
} from "../huggingface/mod.ts";
import type { HostWeights, ModelConfig } from "../model/mod.ts";
import type { RunView } from "../run/mod.ts";
import { loadStitches, type StitchFile } from "../stitch/mod.ts";
import type { BtsConfig } from "./config.ts";
import { type FinishedRun, finishedRun } from "./finished.ts";
import { stitchFile } from "./stitch-file.ts";
import type { Trained } from "./training.ts";

/** The parts of a stitched model. */
export interface StitchedRun {
  readonly view: RunView;
  readonly config: BtsConfig;
  readonly model: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** The hub's chat template. */
  readonly chat: ChatTemplate | undefined;
  /** The hub's `generation_config.json`, if it has one. */
  readonly generation: GenerationConfig | undefined;
  /** The ids of the tokens that end the hub's texts. */
  readonly ends: readonly number[];
  /** Names of the models in the order of the stitches, the hub's first: `seed`, `code`, … */
  readonly names: readonly string[];
  /** Weights in the same order. */
  readonly weights: readonly HostWeights[];
  readonly file: StitchFile;
}

/**
 * Loads the stitched model of a run that has one.
 *
 * @throws UserError as `finishedRun()` and {@linkcode openStitches} do
 */
export async function openStitchedRun(runsFolder: string, id: string): Promise<StitchedRun> {
  return await openStitches(await finishedRun(runsFolder, id), "stitch");
}

/**
 * Loads stitches and the models that they were trained on.
 *
 * @param name the cell that trained the stitches
 * @throws UserError `stitch.frozen` when the run does not have those models, and as `loadModelFolder()` does
 */
export async function openStitches({ view, config, cell }: FinishedRun, name: string): Promise<StitchedRun> {
  const models = new Map<string, string>();
  for (const model of ["seed", ...config.experts]) {
    models.set((await cell<Trained>(cellOf(model))).value.weights, model);
  }
  const path = stitchFile((await cell(name)).folder);
  const made = await loadStitches(path);
  // The stitches name all models but the hub.
  const hub = models.get(made.hub);
  if (hub === undefined) {
    throw new UserError("stitch.frozen", `The hub of the stitches in ${path} is no model of the run`);
  }
  const names = [hub, ...made.experts.map((expert) => expert.name)];
  const loaded = [];
  for (const one of names) loaded.push(await loadModelFolder((await cell(cellOf(one))).folder));
  const { folder: hubFolder } = await cell(cellOf(hub));
  const chat = await readChatTemplate(hubFolder);
  const generation = await readGenerationConfig(hubFolder);
  const weights = loaded.map(({ tensors }) => tensors);
  const [hubHash, ...expertHashes] = weights.map(hashTensors);
  return {
    view,
    config,
    model: loaded[0]!.config,
    tokenizer: openTokenizer(loaded[0]!.tokenizer!, { rows: loaded[0]!.config.vocabSize }),
    chat,
    generation,
    ends: endIds(generation ?? {}),
    names,
    weights,
    file: await loadStitches(path, { hub: hubHash!, experts: expertHashes }),
  };
}

const cellOf = (model: string) => model === "seed" ? model : `expert:${model}`;
