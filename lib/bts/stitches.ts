// The cell that trains the stitches between frozen models.
import { hashTensors, openStoredModel, storedWeights } from "../huggingface/mod.ts";
import { type ModelConfig, toHost, toVariables } from "../model/mod.ts";
import type { CellResult } from "../run/mod.ts";
import {
  freezeModels,
  type FrozenModels,
  hashFrozen,
  initialStitches,
  loadStitches,
  saveStitches,
  type StitchConfig,
  stitchModels,
  stitchSize,
} from "../stitch/mod.ts";
import { stitching, stitchingBytes, stitchTrainFlops, trainedLayers } from "../train/mod.ts";
import { microBatchTokens, trainedTokens } from "./cost.ts";
import { batchesOf, type Lab, modelOf } from "./lab.ts";
import { withGates } from "./live-gates.ts";
import { rolesOf } from "./roles.ts";
import { stitchFile } from "./stitch-file.ts";
import { openStreams, type Text } from "./text.ts";
import { familyOf, monitored, phaseInCell, trainAndSummarize, type Trained, trainedSchema } from "./training.ts";

/** A training phase of stitches. */
export interface StitchPhase {
  /** Name of the cell. */
  readonly name: string;
  readonly title: string;
  /** The cell with the stitches to start from; absent: initial ones. */
  readonly start?: Pick<CellResult<unknown>, "key" | "folder">;
}

/** Trains the stitch layers between the frozen seed model and experts (BTS, arXiv 2502.00075 §2.3). */
export function trainStitches(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  { name, title, start }: StitchPhase = { name: "stitch", title: "Train the stitches" },
): Promise<CellResult<Trained>> {
  const { config, rngSeed } = lab;
  const { stitch, mix, train } = config;
  const model = modelOf(lab, text);
  const { hub: [hubName, hub], spokes } = rolesOf(config, seed, experts);
  const inputs = {
    kind: "stitch",
    stitch,
    train: train.stitch,
    ...monitored(lab),
    validationBatches: train.validationBatches,
    mix: mix.stitch,
    rngSeed,
    hub: hub.key,
    experts: spokes.map(([, expert]) => expert.key),
    ...(start === undefined ? {} : { start: start.key }),
    text: text.content,
  };
  return lab.run.cell({
    name,
    title,
    description: "Seed and experts frozen; only the layers between them learn, from the hub's next-token loss.",
    inputs,
    family: familyOf(inputs),
    code: import.meta,
    device: lab.device,
    output: trainedSchema,
    cost() {
      const { activations } = train.stitch;
      const tokens = trainedTokens(train.stitch, model);
      return {
        tokens,
        flops: tokens * stitchTrainFlops(model, stitch, spokes.length),
        layers: trainedLayers(train.stitch, model, 1 + spokes.length),
        bytes: stitchingBytes(model, stitch, spokes.length, microBatchTokens(train.stitch, model), activations),
      };
    },
  }, async (cell) => {
    using frozen = await freezeStored(model, stitch, [hub, ...spokes.map(([, cell]) => cell)]);
    const before = await hashFrozen(frozen);
    const initial = start === undefined
      ? initialStitches(stitch, stitchSize(stitch, model, spokes.length), rngSeed)
      : (await loadStitches(stitchFile(start.folder))).stitches;
    using stitches = toVariables(initial);
    const stitched = stitchModels({ config: model, stitch, ...frozen, stitches });
    const batches = batchesOf(lab, openStreams(text), "stitch", mix.stitch, train.stitch);
    const phase = await phaseInCell(lab, cell, train.stitch);
    const names = [hubName, ...spokes.map(([name]) => name)];
    const task = withGates(
      stitching(stitched, stitches, rngSeed, { ...phase, ...batches }),
      stitched,
      batches.validation,
      names,
    );
    const outcome = await trainAndSummarize(cell, task, model.vocabSize);
    if (await hashFrozen(frozen) !== before) throw new Error("Training the stitches changed a frozen weight");
    const weights = await toHost(stitches);
    await saveStitches(stitchFile(cell.folder), {
      config: stitch,
      stitches: weights,
      hub: hub.value.weights,
      experts: spokes.map(([name, { value }]) => ({ name, weights: value.weights })),
    });
    return { ...outcome, weights: hashTensors(weights) };
  });
}

/** Puts the models of some cells on the device, frozen: one weight after another, so that none is in memory twice. */
async function freezeStored(
  model: ModelConfig,
  stitch: StitchConfig,
  cells: readonly Pick<CellResult<unknown>, "folder">[],
): Promise<FrozenModels & Disposable> {
  using files = new DisposableStack();
  const models = [];
  for (const { folder } of cells) models.push(storedWeights(files.use(await openStoredModel(folder))));
  return freezeModels(model, stitch, models);
}
