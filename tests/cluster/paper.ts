// The jobs of the paper's preset, for the tests of the cluster room.
import { btsConfigSchema, btsDefinition } from "../../lib/bts/mod.ts";
import { type Job, jobsOf } from "../../lib/cluster/jobs.ts";
import { buildConfig } from "../../lib/run/mod.ts";

export function paperConfig(...sets: string[]) {
  const preset = { name: "paper", value: btsDefinition.presets["paper"]!.config as Record<string, unknown> };
  return buildConfig(btsConfigSchema, { preset, sets });
}

export const paperJobs = jobsOf(paperConfig());

/** A job of the paper's experts, with changes. */
export const job = (changes: Partial<Job>): Job => ({ ...paperJobs.experts[0]!, ...changes });
