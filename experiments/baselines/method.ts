// Types that the cells of the comparison share, and what methods depend on.
import type { BaselineMethod, BaselineSettings } from "../../lib/baselines/mod.ts";
import type { LabWith, Trained } from "../../lib/bts/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import type { BaselinesConfig } from "./config.ts";

/** The context of the comparison's cells. */
export type BaselinesLab = LabWith<BaselinesConfig>;

/** The cells that trained the seed model and the experts. */
export interface Branches {
  readonly seed: CellResult<Trained>;
  readonly experts: ReadonlyMap<string, CellResult<Trained>>;
}

/** What the methods depend on, from all settings. */
export function settingsOf({ baselines, stitch, experts, data }: BaselinesConfig): BaselineSettings {
  return { ...baselines, stitch, experts, domains: Object.keys(data.domains) };
}

/** A method's name within a sentence. From the method alone, so that its cells do not depend on the names of all others. */
export const phraseOf = ({ phrase, label }: Pick<BaselineMethod, "phrase" | "label">): string => phrase ?? label;

/** The models that a method combines, by name, the seed first. */
export function partsOf<T>(
  method: BaselineMethod,
  { seed, experts }: { readonly seed: T; readonly experts: ReadonlyMap<string, T> },
): ReadonlyMap<string, T> {
  if (method.making === "pretraining") return new Map();
  return new Map([["seed", seed], ...(method.combines === "seed" ? [] : experts)]);
}
