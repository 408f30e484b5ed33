// Removing an expert from trained stitches, adding one, or merging two, and training the stitches again for a few steps.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { hashTensors } from "../huggingface/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { loadStitches, saveStitches, withExpert, withExpertsMerged, withoutExpert } from "../stitch/mod.ts";
import type { BtsConfig } from "./config.ts";
import type { Lab } from "./lab.ts";
import { rolesOf } from "./roles.ts";
import { stitchFile } from "./stitch-file.ts";
import { trainStitches } from "./stitches.ts";
import type { Text } from "./text.ts";
import type { Trained } from "./training.ts";
import type { AdaptedSchema } from "./inferred-types.ts";

/** An expert to add or remove, by its domain; or two to merge into one, which keeps the first's name. */
export type ExpertChange =
  | { readonly kind: "add" | "remove"; readonly expert: string }
  | { readonly kind: "merge"; readonly expert: string; readonly other: string };

/** What a change does: `with code`, `without code`, `code and math in one`. */
export function changeText(change: ExpertChange): string {
  if (change.kind === "merge") return `${change.expert} and ${change.other} in one`;
  return `${change.kind === "add" ? "with" : "without"} ${change.expert}`;
}

const adaptedSchema: AdaptedSchema = z.strictObject({
  /** Content hash of the stitches' parameters. */
  weights: z.string(),
  kept: z.int(),
  changed: z.int(),
});

/** Stitches after removing or adding an expert, before further training. */
export type Adapted = z.infer<typeof adaptedSchema>;

/**
 * The settings after the change.
 *
 * @throws UserError `expert.absent`, `expert.present`, `expert.hub`, `expert.same` when the change cannot be made
 */
export function changedConfig(config: BtsConfig, change: ExpertChange): BtsConfig {
  const experts: readonly string[] = config.experts;
  const { kind, expert } = change;
  if (kind === "add") {
    if (experts.includes(expert)) {
      throw new UserError(
        "expert.present",
        `The run already has the expert "${expert}": its experts are ${experts.join(", ")}`,
      );
    }
    const domains = Object.keys(config.data.domains);
    if (!domains.includes(expert)) {
      throw new UserError("expert.domain", `There is no domain "${expert}": the run has ${domains.join(", ")}`);
    }
    return { ...config, experts: [...experts, expert] };
  }
  const named = kind === "merge" ? [expert, change.other] : [expert];
  for (const name of named) {
    if (!experts.includes(name)) {
      throw new UserError("expert.absent", `There is no expert "${name}": the run has ${experts.join(", ")}`);
    }
    if (config.hub === name) {
      throw new UserError("expert.hub", `Cannot ${kind} ${name}: it is the hub, and the output is the hub's`);
    }
  }
  if (kind === "merge" && expert === change.other) {
    throw new UserError("expert.same", `Cannot merge ${expert} with itself`, "name two experts");
  }
  const pretrained = Object.fromEntries(Object.entries(config.pretrained).filter(([name]) => !named.includes(name)));
  return { ...config, experts: experts.filter((name) => name !== named.at(-1)), pretrained };
}

/**
 * Removes an expert from trained stitches, adds one, or merges two, and writes the new stitch file. The parameters of the
 * hub and of the other experts are kept bit for bit; those of a new expert are initial ones, and those of a merged one
 * the means of both.
 *
 * @param lab with the changed settings
 * @param experts after the change
 * @param stitchCell the stitches before the change
 */
export function adaptStitches(
  { run, config, rngSeed }: Lab,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  stitchCell: Pick<CellResult<unknown>, "key" | "folder">,
  change: ExpertChange,
): Promise<CellResult<Adapted>> {
  const { hub: [, hub], spokes } = rolesOf(config, seed, experts);
  const what = changeText(change);
  return run.cell({
    name: `adapt:${what}`,
    title: `Stitches ${what}, without training`,
    description: "The parameters of the other experts are kept bit for bit.",
    inputs: {
      kind: "adapt",
      change,
      rngSeed,
      stitches: stitchCell.key,
      hub: hub.key,
      experts: spokes.map(([, { key }]) => key),
    },
    code: import.meta,
    output: adaptedSchema,
  }, async (cell) => {
    const before = await loadStitches(stitchFile(stitchCell.folder));
    const number = (expert: string) => before.experts.findIndex(({ name }) => name === expert) + 1;
    const stitches = change.kind === "merge"
      ? withExpertsMerged(before.stitches, number(change.expert), number(change.other))
      : change.kind === "add"
      ? withExpert(before.stitches, before.config, config.model.width, rngSeed)
      : withoutExpert(before.stitches, number(change.expert));
    await saveStitches(stitchFile(cell.folder), {
      config: before.config,
      stitches,
      hub: hub.value.weights,
      experts: spokes.map(([name, { value }]) => ({ name, weights: value.weights })),
    });
    const old = new Set(Object.values(before.stitches));
    const kept = Object.values(stitches).filter((tensor) => old.has(tensor)).length;
    const changed = change.kind === "add" ? Object.keys(stitches).length - kept : old.size - kept;
    const how = { add: "new", remove: "left out", merge: "merged or left out" }[change.kind];
    cell.summary(`${kept} tensors kept bit for bit, ${changed} ${how}`);
    return { weights: hashTensors(stitches), kept, changed };
  });
}

/** Trains adapted stitches for `steps` steps, with a proportionally shorter warm-up. */
export function restitch(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  adapted: CellResult<Adapted>,
  { name, steps }: { readonly name: string; readonly steps: number },
): Promise<CellResult<Trained>> {
  const { stitch } = lab.config.train;
  const warmup = Math.round(stitch.warmup * steps / stitch.steps);
  const train = { ...lab.config.train, stitch: { ...stitch, steps, warmup } };
  return trainStitches({ ...lab, config: { ...lab.config, train } }, text, seed, experts, {
    name: `stitch:${name}`,
    title: `Train the stitches: ${name}`,
    start: adapted,
  });
}
