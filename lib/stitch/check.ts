// Checks that a configuration fits a model, and that stitch parameters fit a configuration and the experts present.
import { UserError } from "../errors.ts";
import type { ModelConfig, Weights } from "../model/mod.ts";
import type { StitchConfig } from "./config.ts";
import { expertCount, modelOfParameter, stitchShapes, type StitchSize, stitchSize } from "./weights.ts";

/**
 * Checks that stitches of this configuration fit a model.
 *
 * @throws UserError `stitch.placement` when they cannot be placed; the kind's own error when its settings do not fit the
 * width
 */
export function checkStitchConfig(config: StitchConfig, model: Pick<ModelConfig, "layers" | "width">): void {
  stitchShapes(config, stitchSize(config, model, 1));
}

/**
 * Checks that there are exactly the parameters that the configuration needs.
 *
 * @param size number of stitches and of experts present
 * @param present which of the experts that the parameters were made for are present, counted from 1; undefined: all
 * @throws UserError `stitch.weights` naming the first parameter that is missing, unknown or of the wrong shape;
 * `stitch.mode` for a pair of more than two models
 */
export function checkStitches(
  config: StitchConfig,
  stitches: Weights,
  size: StitchSize,
  present: readonly number[] | undefined,
): void {
  checkPresent(size.experts, present);
  if (config.mode === "pair" && size.experts !== 1) {
    throw new UserError(
      "stitch.mode",
      `stitch.mode pair is for two models, not for ${size.experts + 1}`,
      "give one expert besides the model that has the output, or set stitch.mode to hub",
    );
  }
  const made = present === undefined ? size.experts : Math.max(...present, expertCount(stitches));
  const shapes = stitchShapes(config, { ...size, experts: made });
  for (const [name, shape] of shapes) {
    const found = Object.hasOwn(stitches, name) ? stitches[name] : undefined;
    const needed = present === undefined || modelOfParameter(name) === 0 || present.includes(modelOfParameter(name));
    if (found === undefined ? needed : String(found.shape) !== String(shape)) {
      throw new UserError(
        "stitch.weights",
        `The stitches have "${name}" as [${found?.shape ?? "missing"}], but the model needs [${shape}]`,
      );
    }
  }
  const unknown = Object.keys(stitches).find((name) => !shapes.has(name));
  if (unknown !== undefined) {
    throw new UserError(
      "stitch.weights",
      `The stitches have the parameter "${unknown}", which ${size.stitches} stitches of ${made} experts with ` +
        `${config.gates} gates and ${config.initialization} initialization do not need`,
      "use the configuration and all the experts that the stitches were made with, or say which are present",
    );
  }
}

function checkPresent(experts: number, present: readonly number[] | undefined): void {
  if (experts === 0) throw new UserError("stitch.weights", "Cannot stitch no experts to a hub: give at least one");
  if (present === undefined) return;
  const whole = present.every((number) => Number.isInteger(number) && number >= 1);
  if (!whole || present.length !== experts || new Set(present).size !== experts) {
    throw new UserError(
      "stitch.weights",
      `Cannot use ${experts} experts with the numbers [${present}]: each needs its own number, counted from 1`,
    );
  }
}
