// The cell that trains the stitches between frozen models.
import { join } from "node:path";
import { hashTensors } from "../huggingface/mod.ts";
import { type HostWeights, toHost, toVariables } from "../model/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { freezeModels, hashFrozen, initialStitches, placeStitches, saveStitches, stitchModels } from "../stitch/mod.ts";
import { stitching } from "../train/mod.ts";
import { stitchingCost } from "./cost.ts";
import { batchesOf, type Lab, modelOf, weightsOf } from "./lab.ts";
import { rolesOf } from "./roles.ts";
import type { Text } from "./text.ts";
import { familyOf, monitored, phaseInCell, trainAndSummarize, type Trained, trainedSchema } from "./training.ts";

/** What distinguishes one training of stitches from others in the same run. */
export interface StitchPhase {
  /** Name of the cell. */
  readonly name: string;
  readonly title: string;
  /** Where the stitches start, if not at their initialization; `key` stands for it in the cell's own key. */
  readonly start?: { readonly key: string; readonly stitches: () => Promise<HostWeights> };
}

/** Freezes the seed model and the experts, and trains the stitch layers between them (BTS, arXiv 2502.00075 §2.3). */
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
  const { hub: [, hub], spokes } = rolesOf(config, seed, experts);
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
    text: text.key,
    device: lab.device.numerics,
  };
  return lab.run.cell({
    name,
    title,
    description: "Seed and experts frozen; only the layers between them learn, from the hub's next-token loss.",
    inputs,
    family: familyOf(inputs),
    code: ["lib/bts", "lib/random.ts", "lib/tensor", "lib/model", "lib/huggingface", "lib/train", "lib/stitch"],
    output: trainedSchema,
    cost: () => stitchingCost(model, stitch, spokes.length, train.stitch),
  }, async (cell) => {
    using frozen = freezeModels(
      model,
      stitch,
      await Promise.all([hub, ...spokes.map(([, cell]) => cell)].map(weightsOf)),
    );
    const before = await hashFrozen(frozen);
    const size = {
      stitches: placeStitches(stitch, model.layers).length,
      experts: spokes.length,
      width: model.width,
    };
    using stitches = toVariables(await start?.stitches() ?? initialStitches(stitch, size, rngSeed));
    const stitched = stitchModels({ config: model, stitch, ...frozen, stitches });
    const task = stitching(stitched, stitches, rngSeed, {
      ...await phaseInCell(lab, cell, train.stitch),
      ...batchesOf(lab, await text.read(), "stitch", mix.stitch, train.stitch),
    });
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

/** The stitch file in the folder of the cell that trained the stitches. */
export function stitchFile(folder: string): string {
  return join(folder, "stitches.safetensors");
}
