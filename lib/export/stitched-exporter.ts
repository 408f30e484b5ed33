// Stitched models of a run, for transformers.
import { loadMerge, mergeFile, SELF_STITCH } from "../baselines/mod.ts";
import { type FinishedRun, openStitches } from "../bts/mod.ts";
import { hashTensors, loadModelFolder, type WeightDtype } from "../huggingface/mod.ts";
import { familyOf, parameterCount } from "../model/mod.ts";
import { bytesPerWeight, type Exporter } from "./exporter.ts";
import { type StitchedToWrite, writeStitched } from "./stitched/write.ts";

/**
 * Opens a stitched model.
 *
 * @param cell that trained the stitches
 * @throws UserError as `openStitches()` does
 */
export async function stitchedExporter(run: FinishedRun, cell: string): Promise<Exporter> {
  const parts = await openStitches(run, cell);
  const madeFrom = parts.names.map((name) => name === "seed" ? name : `expert:${name}`);
  const { folder: hubFolder } = await run.cell(madeFrom[0]!);
  return exporter(run, { ...parts, hubFolder }, madeFrom, cell);
}

/**
 * Opens Self-Stitch: its copies of the seed are written as often as they run.
 *
 * @throws UserError as `loadModelFolder()` and `loadMerge()` do
 */
export async function selfStitchExporter(run: FinishedRun): Promise<Exporter> {
  const { folder: hubFolder } = await run.cell("seed");
  const { config: model, tensors } = await loadModelFolder(hubFolder);
  const path = mergeFile((await run.cell(SELF_STITCH.name)).folder);
  const { method: { config }, weights: stitches } = await loadMerge(path, SELF_STITCH.file, [hashTensors(tensors)]);
  const names = Array.from({ length: config.copies + 1 }, (_, i) => i === 0 ? "seed" : `copy ${i}`);
  const file = { config: config.stitch, stitches };
  const parts = { model, names, weights: names.map(() => tensors), file, hubFolder };
  return exporter(run, parts, ["seed"], SELF_STITCH.name);
}

function exporter(run: FinishedRun, parts: StitchedToWrite, madeFrom: readonly string[], trainedIn: string): Exporter {
  const { model, weights, file } = parts;
  const stitches = Object.values(file.stitches).reduce((sum, { data }) => sum + data.length, 0);
  const total = weights.length * parameterCount(model) + stitches;
  return {
    madeFrom,
    trainedIn,
    parameters: { total, active: total },
    config: model,
    family: `stitched decoders of the family ${familyOf(model)}`,
    beginsWithBos: Object.keys(run.config.pretrained).length === 0,
    trustRemoteCode: true,
    bytes: (dtype) => bytesPerWeight(dtype) * total + 2e6,
    async writeFolder(folder, dtype, { onWeight }) {
      await writeStitched(folder, parts, { dtype: dtype.toUpperCase() as WeightDtype, onWeight });
      return undefined;
    },
  };
}
