// The list of all methods that are built before they are measured. A method is a folder beside this file and one entry
// here; settings, cells, plans, costs, checks, names and documentation follow from the list.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { bam, bamAdapters } from "./bam/method.ts";
import { btxSample, btxSoft, btxTop2 } from "./btx/method.ts";
import { calm } from "./calm/method.ts";
import { dense } from "./dense/method.ts";
import { dume } from "./dume/method.ts";
import { flexOlmo } from "./flexolmo/method.ts";
import type { BaselineMethod, CommonSettings, TrainedMethod } from "./method.ts";
import { routing } from "./routing/method.ts";
import { selfStitch, type SelfStitchConfig } from "./self-stitch/method.ts";
import type { BaselineNames, BaselineSettingsSchema, BaselineSettingsShape } from "./inferred-types.ts";

const REGISTERED = [
  dense,
  routing,
  btxSoft,
  btxSample,
  btxTop2,
  bam,
  bamAdapters,
  calm,
  dume,
  flexOlmo,
  selfStitch,
] as const;

type Registered = typeof REGISTERED[number];
type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void ? All
  : never;
type Flat<Shape> = { [Key in keyof Shape]: Shape[Key] };

export type BaselineName = BaselineNames[number];

/** All methods, in the order of tables. */
export const BASELINES: readonly (BaselineMethod & { readonly name: BaselineName })[] = REGISTERED;

/** Their names, in the same order. */
export const BASELINE_NAMES: BaselineNames = [
  REGISTERED[0].name,
  ...REGISTERED.slice(1).map(({ name }) => name),
] as const;

/** The settings of all methods by key, for a schema of settings. */
export const baselineSettings: BaselineSettingsShape = Object.assign(
  {},
  ...REGISTERED.map(({ settings }) => settings),
) as Flat<Intersection<Registered["settings"]>>;

const settingsSchema: BaselineSettingsSchema = z.object(baselineSettings);

/** Self-Stitch, whose parameters are stitches. */
export const SELF_STITCH: TrainedMethod<SelfStitchConfig> = selfStitch;

/** The settings of all methods, and what else they depend on. */
export type BaselineSettings = CommonSettings & z.infer<typeof settingsSchema>;

/** The settings of methods by key where they differ from the defaults, with defaults filled in. */
export function baselineDefaults(
  common: CommonSettings,
  changes: z.input<typeof settingsSchema> = {},
): BaselineSettings {
  const { stitch, experts, domains } = common;
  return { ...settingsSchema.parse(changes), stitch, experts, domains };
}

/**
 * A method by name.
 *
 * @throws UserError `baselines.method` for an unknown name
 */
export function baselineNamed(name: string): BaselineMethod {
  const found = BASELINES.find((method) => method.name === name);
  if (found === undefined) {
    throw new UserError("baselines.method", `Unknown method "${name}": expected one of ${BASELINE_NAMES.join(", ")}`);
  }
  return found;
}
