// A stitched model on the device, from its models and stitches in memory.
import type { ParameterCounts } from "../eval/mod.ts";
import { type HostWeights, type ModelConfig, type PackedWeights, parameterCount, toDevice } from "../model/mod.ts";
import { freezeModels, type StitchedModel, type StitchFile, stitchModels } from "../stitch/mod.ts";
import { holdConstant } from "../tensor/mod.ts";

/** A hub, its experts and the stitches between them. */
export interface StitchedParts {
  readonly model: ModelConfig;
  /** Weights of the models in the order of the stitches, the hub's first. */
  readonly weights: readonly HostWeights[];
  readonly file: StitchFile;
}

/**
 * Puts a stitched model on the device.
 *
 * @param scope frees its tensors
 * @param packed the format that the models' weights are packed in, for inference
 * @throws UserError as `freezeModels()` and `stitchModels()` do
 */
export function stitchedOnDevice(
  { model, weights, file }: StitchedParts,
  scope: DisposableStack,
  packed?: PackedWeights,
): { readonly stitched: StitchedModel; readonly parameters: ParameterCounts } {
  const frozen = scope.use(freezeModels(model, file.config, weights, packed));
  const stitches = scope.use(toDevice(file.stitches));
  if (packed !== undefined) { for (const stitch of Object.values(stitches)) holdConstant(stitch); }
  const trained = Object.values(file.stitches).reduce((sum, { data }) => sum + data.length, 0);
  const total = weights.length * parameterCount(model) + trained;
  return {
    stitched: stitchModels({ config: model, stitch: file.config, ...frozen, stitches }),
    parameters: { trained, total, active: total },
  };
}
