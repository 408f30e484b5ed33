// The settings of an ensemble with a prior, and the file of the prior.
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import type { BtmOptions } from "./posterior.ts";
import type { BtmSettingsSchema } from "../inferred-types.ts";

/** The settings of a Branch-Train-Merge ensemble; its prior follows from text. */
export const btmSettingsSchema: BtmSettingsSchema = z.strictObject({
  topK: z.int().min(1).nullable().default(null).describe("number of models used per token; null: all"),
  temperature: z.number().positive().max(1e6).default(1).describe("temperature of the posterior"),
  history: z.int().min(1).nullable().default(null).describe("number of last tokens used as evidence; null: all"),
  prior: z.enum(["dev", "uniform"]).default("dev").describe("prior: from validation text, or uniform"),
  decay: z.number().min(0).max(0.999).default(0.3).describe("decay of the moving average that gives the prior"),
});

export type BtmSettings = z.infer<typeof btmSettingsSchema>;

/**
 * The ensemble's options.
 *
 * @param devPrior gives the prior from validation text, if the settings ask for one
 */
export async function btmOptions(
  { prior, decay: _, ...options }: BtmSettings,
  devPrior: () => Promise<readonly number[]>,
): Promise<BtmOptions> {
  return { ...options, prior: prior === "dev" ? await devPrior() : null };
}

const priorFile = (folder: string) => join(folder, "prior.json");

/** Saves a prior in the folder of the cell that computed it. */
export async function savePrior(folder: string, prior: readonly number[]): Promise<void> {
  await Deno.writeTextFile(priorFile(folder), JSON.stringify(prior));
}

/**
 * Reads the prior that a cell saved.
 *
 * @throws UserError `merge.prior` when there is none, as in runs of earlier versions
 */
export async function loadPrior(folder: string): Promise<number[]> {
  try {
    return z.array(z.number()).parse(JSON.parse(await Deno.readTextFile(priorFile(folder))));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UserError(
      "merge.prior",
      `The ensemble's prior was not saved in ${folder}: the run is of an earlier version of Stitchbook`,
      "give the run's command again; only the ensembles are measured again",
    );
  }
}
