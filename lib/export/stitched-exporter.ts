// Stitched models of a run, for transformers.
import { type FinishedRun, openStitches } from "../bts/mod.ts";
import type { WeightDtype } from "../huggingface/mod.ts";
import { familyOf, parameterCount } from "../model/mod.ts";
import { bytesPerWeight, type Exporter } from "./exporter.ts";
import { writeStitched } from "./stitched/write.ts";

/**
 * Opens a stitched model.
 *
 * @param cell that trained the stitches
 * @throws UserError as `openStitches()` does
 */
export async function stitchedExporter(run: FinishedRun, cell: string): Promise<Exporter> {
  const { model, names, weights, file } = await openStitches(run, cell);
  const methods = names.map((name) => name === "seed" ? name : `expert:${name}`);
  const { folder: hubFolder } = await run.cell(methods[0]!);
  const stitches = Object.values(file.stitches).reduce((sum, { data }) => sum + data.length, 0);
  const total = weights.length * parameterCount(model) + stitches;
  return {
    madeFrom: methods,
    trainedIn: cell,
    parameters: { total, active: total },
    config: model,
    family: `stitched decoders of the family ${familyOf(model)}`,
    beginsWithBos: Object.keys(run.config.pretrained).length === 0,
    trustRemoteCode: true,
    bytes: (dtype) => bytesPerWeight(dtype) * total + 2e6,
    async writeFolder(folder, dtype, { onWeight }) {
      const options = { dtype: dtype.toUpperCase() as WeightDtype, onWeight };
      await writeStitched(folder, { model, names, weights, file, hubFolder }, options);
      return undefined;
    },
  };
}
