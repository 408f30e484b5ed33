// Types and helpers that the cells of the comparison share.
import { join } from "node:path";
import type { LabWith, Trained } from "../../lib/bts/mod.ts";
import { type MergeMethod, MIXTURES } from "../../lib/merge/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import type { BaselinesConfig, MergedMethod, TrainedMethod } from "./config.ts";

/** The context of the comparison's cells. */
export type BaselinesLab = LabWith<BaselinesConfig>;

/** The cells that trained the seed model and the experts. */
export interface Branches {
  readonly seed: CellResult<Trained>;
  readonly experts: ReadonlyMap<string, CellResult<Trained>>;
}

/** The methods' names for readers. */
export const METHOD_TITLES: Readonly<Record<TrainedMethod, string>> = {
  "dense": "the dense model",
  "routing": "expert routing",
  "btx-soft": "BTX, soft routing",
  "btx-sample": "BTX, sampled top-1",
  "btx-top2": "BTX, top-2",
  "bam": "BAM",
  "bam-adapters": "BAM adapters",
  "calm": "CALM",
};

/** The method's kind and settings, as saved in its file. */
export function methodOf({ baselines }: BaselinesConfig, name: MergedMethod): MergeMethod {
  if (name === "calm") return { kind: "calm", config: baselines.calm };
  if (name === "routing") return { kind: "routing", config: {} };
  return { kind: "mixture", config: { ...MIXTURES[name], balance: baselines.balance } };
}

/** The merge file in the folder of the cell that trained a method. */
export function mergeFile(folder: string): string {
  return join(folder, "merge.safetensors");
}
