// What `deno task expert` refuses at once: changes that cannot be made, and settings that would make another run's models.
import { UserError } from "../errors.ts";
import { configDifferences } from "../run/mod.ts";
import type { BtsConfig } from "./config.ts";
import type { ExpertConfig } from "./finished.ts";
import { changedConfig, type ExpertChange } from "./modular.ts";
import { rolesOf } from "./roles.ts";

/** Settings that decide how the stitches are trained on, and how that is watched and kept; a name stands for its group. */
const RESTITCHING: readonly string[] = [
  "restitch",
  "train.stitch",
  "train.validationBatches",
  "mix.stitch",
  "checkpoint",
  "monitor",
];
/** And how an expert is trained that comes. */
const TRAINING: readonly string[] = ["train.expert", "mix.expertShare"];

/**
 * Refuses a change that leaves no stitched model.
 *
 * @throws UserError `expert.present`, `expert.last`, and those of `changedConfig()`
 */
export function checkChange(config: BtsConfig, change: ExpertChange): void {
  const { kind, expert } = change;
  const present: readonly string[] = config.experts;
  if (kind === "add" && present.includes(expert)) {
    throw new UserError(
      "expert.present",
      `The run has the expert "${expert}" already: its experts are ${present.join(", ")}`,
    );
  }
  const { experts } = changedConfig(config, change);
  const { hub, spokes } = rolesOf(config, 0, new Map(experts.map((name) => [name, 0])));
  if (spokes.length > 0) return;
  throw new UserError(
    "expert.last",
    `Cannot remove ${expert}: then nothing is stitched to ${hub[0]}`,
    "put another expert in first, with deno task expert add",
  );
}

/**
 * Refuses settings that belong to the models that are taken as they are: they were trained and measured with the run's.
 *
 * @param given what the command line makes of `standard`, the run's settings with the change
 * @throws UserError `expert.settings` naming every such setting, `expert.seed`
 */
export function checkRestitching(
  run: { readonly id: string; readonly seed: number },
  standard: ExpertConfig,
  given: { readonly config: ExpertConfig; readonly seeds: readonly number[] },
): void {
  const free = standard.change === "add" ? [...RESTITCHING, ...TRAINING] : RESTITCHING;
  const isFree = (key: string) => free.some((name) => key === name || key.startsWith(`${name}.`));
  const refused = configDifferences(standard, given.config).map(({ key }) => key).filter((key) => !isFree(key));
  const words = refused.find((key) => ["from", "change", "expert"].includes(key));
  if (words !== undefined) {
    throw new UserError(
      "expert.settings",
      `Cannot set ${words}: the words before the options say it`,
      "for example: deno task expert remove last code",
    );
  }
  if (refused.length > 0) {
    throw new UserError(
      "expert.settings",
      `Cannot set ${refused.join(", ")}: the models are those of the run ${run.id}, trained and measured with its own`,
      `what may be set here: ${free.join(", ")}`,
    );
  }
  if (given.seeds.some((seed) => seed !== run.seed)) {
    throw new UserError(
      "expert.seed",
      `Cannot take another seed: the models and the text are those of the run ${run.id}, whose seed is ${run.seed}`,
      "leave --seed out, or name a run of the seed that you mean",
    );
  }
}
