// Checks of `deno task expert`: impossible changes, and settings that belong to the models of the run that it changes.
import { UserError } from "../errors.ts";
import { configDifferences } from "../run/mod.ts";
import type { BtsConfig } from "./config.ts";
import type { ExpertConfig } from "./finished.ts";
import { changedConfig, type ExpertChange } from "./modular.ts";
import { rolesOf } from "./roles.ts";

/** Settings of retraining the stitches, of its monitor and of its checkpoints; a name stands for all settings below it. */
const RESTITCHING: readonly string[] = [
  "restitch",
  "train.stitch",
  "train.validationBatches",
  "mix.stitch",
  "checkpoint",
  "monitor",
];
/** Settings of training the added expert. */
const TRAINING: readonly string[] = ["train.expert", "mix.expertShare"];

/**
 * Checks that the change can be made and leaves a stitched model.
 *
 * @throws UserError `expert.last`, and the errors of `changedConfig()`
 */
export function checkChange(config: BtsConfig, change: ExpertChange): void {
  const { experts } = changedConfig(config, change);
  const { hub, spokes } = rolesOf(config, 0, new Map(experts.map((name) => [name, 0])));
  if (spokes.length > 0) return;
  throw new UserError(
    "expert.last",
    `Cannot remove ${change.expert}: nothing would be stitched to ${hub[0]}`,
    "add another expert first, with deno task expert add",
  );
}

/**
 * Refuses settings of the models that are reused from the run: those were trained and measured with the run's settings.
 *
 * @param standard the run's settings with the change
 * @param given the settings and seeds after the command line's options
 * @throws UserError `expert.settings` naming every refused setting, `expert.seed`
 */
export function checkRestitching(
  run: { readonly id: string; readonly seed: number },
  standard: ExpertConfig,
  given: { readonly config: ExpertConfig; readonly seeds: readonly number[] },
): void {
  const free = standard.change === "add" ? [...RESTITCHING, ...TRAINING, `pretrained.${standard.expert}`] : RESTITCHING;
  const isFree = (key: string) => free.some((name) => key === name || key.startsWith(`${name}.`));
  // Differences are told by whole groups where one of them is empty.
  const own = given.config.pretrained[standard.expert];
  const pretrained = standard.change === "add" && own !== undefined
    ? { ...standard.pretrained, [standard.expert]: own }
    : standard.pretrained;
  const refused = configDifferences({ ...standard, pretrained }, given.config).map(({ key }) => key).filter((key) =>
    !isFree(key)
  );
  const words = refused.find((key) => ["from", "change", "expert", "other"].includes(key));
  if (words !== undefined) {
    throw new UserError(
      "expert.settings",
      `Cannot set ${words}: give it as an argument before the options`,
      "for example: deno task expert remove last code",
    );
  }
  if (refused.length > 0) {
    throw new UserError(
      "expert.settings",
      `Cannot set ${refused.join(", ")}: the models are those of the run ${run.id}, with its settings`,
      `settings that can be changed: ${free.join(", ")}`,
    );
  }
  if (given.seeds.some((seed) => seed !== run.seed)) {
    throw new UserError(
      "expert.seed",
      `Cannot use another seed: the models and the text are those of the run ${run.id}, whose seed is ${run.seed}`,
      "omit --seed, or name a run with the seed you want",
    );
  }
}
