// What a run saved of each of its models, and what makes the others up.
import { z } from "zod";
import { type BaselineMethod, baselineNamed } from "../baselines/mod.ts";
import type { FinishedRun } from "../bts/mod.ts";
import { nearest, UserError } from "../errors.ts";
import {
  type BtmOptions,
  btmOptions,
  btmSettingsSchema,
  loadPrior,
  mergeIntoSeed,
  SEED_MERGES,
  seedMergeSchema,
  soup,
} from "../merge/mod.ts";
import { expertDomain, methodOfModel } from "../methods.ts";
import type { HostWeights } from "../model/mod.ts";
import { seedOf } from "../run/mod.ts";

/** What a model consists of. */
export type SavedModel =
  /** A decoder in the folder of the cell with this name. */
  | { readonly kind: "decoder"; readonly cell: string }
  /** A decoder that is computed from the seed and the experts. */
  | { readonly kind: "merge"; merge(base: HostWeights, models: readonly HostWeights[]): HostWeights }
  /** The probabilities of the seed and the experts, mixed. */
  | { readonly kind: "ensemble"; options(): Promise<BtmOptions> }
  /** What a method of the room `baselines` made, in the folder of the cell with the method's name. */
  | { readonly kind: "method"; readonly method: BaselineMethod }
  /** Stitches in the folder of the cell with this name, and the models that they join. */
  | { readonly kind: "stitched"; readonly cell: string };

/** Whether a model weighs the models that it is made of. */
export function hasGates(saved: SavedModel): boolean {
  return saved.kind === "stitched" || saved.kind === "ensemble" ||
    (saved.kind === "method" && saved.method.weighs === true);
}

/** Whether single models that it is made of can be switched off while it generates. */
export function isSwitchable({ kind }: SavedModel): boolean {
  return kind === "stitched" || kind === "ensemble";
}

/** Settings of the methods that stitching is compared with; those with defaults are absent in runs of older versions. */
const comparisonSchema = z.object({
  baselines: z.object({
    methods: z.array(z.string()),
    merges: z.array(z.enum(SEED_MERGES)).default([...SEED_MERGES]),
    secondEnsemble: z.boolean().default(true),
    merge: seedMergeSchema,
    btm: btmSettingsSchema,
  }),
});

/** The names of a run's decoders, the seed first: what merges and ensembles are computed from. */
export function decoderNames({ config }: FinishedRun): readonly string[] {
  return ["seed", ...config.experts.map((domain) => `expert:${domain}`)];
}

/** Each model of a run by its name, in the order of the tables. */
export function savedModels(run: FinishedRun): ReadonlyMap<string, SavedModel> {
  const models = new Map<string, SavedModel>();
  for (const name of decoderNames(run)) models.set(name, { kind: "decoder", cell: name });
  models.set("soup", { kind: "merge", merge: (base, models) => soup([base, ...models]) });
  const comparison = comparisonSchema.safeParse(run.view.config).data?.baselines;
  if (comparison !== undefined) {
    for (const name of comparison.merges) {
      const merge = (base: HostWeights, models: readonly HostWeights[]) =>
        mergeIntoSeed(name, { base, models }, comparison.merge, seedOf(run.view));
      models.set(name, { kind: "merge", merge });
    }
  }
  models.set("btm", { kind: "ensemble", options: () => Promise.resolve({}) });
  if (comparison?.secondEnsemble) {
    const devPrior = async () => await loadPrior((await run.cell("evaluate:ensembles")).folder);
    models.set("btm-dev", { kind: "ensemble", options: () => btmOptions(comparison.btm, devPrior) });
  }
  for (const name of comparison?.methods ?? []) models.set(name, { kind: "method", method: baselineNamed(name) });
  for (const [name, cell] of run.stitched) models.set(name, { kind: "stitched", cell });
  return models;
}

/**
 * The name in full of one of a run's models; an expert may be called by its domain alone.
 *
 * @throws UserError `model.unknown` naming the models that there are
 */
export function modelNamed(models: ReadonlyMap<string, unknown>, wanted: string, run: string): string {
  const names = [...models.keys()];
  const name = models.has(wanted) ? wanted : methodOfModel(wanted, names);
  if (models.has(name)) return name;
  const domains = names.flatMap((one) => expertDomain(one) ?? []);
  const near = nearest(wanted, [...names, ...domains]);
  throw new UserError(
    "model.unknown",
    `The run ${run} has no model "${wanted}": it has ${names.map(quoted).join(", ")}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}

/** A name among others; those of variants may have commas. */
const quoted = (name: string): string => name.includes(",") ? `"${name}"` : name;
