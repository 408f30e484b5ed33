// Removing an expert from trained stitches, or adding one, and training the stitches again for a few steps.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { hashTensors } from "../huggingface/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { loadStitches, saveStitches, withExpert, withoutExpert } from "../stitch/mod.ts";
import type { BtsConfig } from "./config.ts";
import type { Lab } from "./lab.ts";
import { rolesOf } from "./roles.ts";
import { stitchFile } from "./stitch-file.ts";
import { trainStitches } from "./stitches.ts";
import type { Text } from "./text.ts";
import type { Trained } from "./training.ts";
import type { AdaptedSchema } from "./inferred-types.ts";

/** An expert to add or remove. */
export interface ExpertChange {
  readonly kind: "add" | "remove";
  /** Domain of the expert. */
  readonly expert: string;
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
 * @throws UserError `expert.absent`, `expert.present`, `expert.hub` when the change cannot be made
 */
export function changedConfig(config: BtsConfig, { kind, expert }: ExpertChange): BtsConfig {
  const experts: readonly string[] = config.experts;
  const present = experts.includes(expert);
  if (kind === "remove" && !present) {
    throw new UserError("expert.absent", `There is no expert "${expert}": the run has ${experts.join(", ")}`);
  }
  if (kind === "add" && present) {
    throw new UserError(
      "expert.present",
      `The run already has the expert "${expert}": its experts are ${experts.join(", ")}`,
    );
  }
  if (kind === "remove" && config.hub === expert) {
    throw new UserError("expert.hub", `Cannot remove ${expert}: it is the hub, and the output is the hub's`);
  }
  const domains = Object.keys(config.data.domains);
  if (kind === "add" && !domains.includes(expert)) {
    throw new UserError("expert.domain", `There is no domain "${expert}": the run has ${domains.join(", ")}`);
  }
  const changed = kind === "add" ? [...experts, expert] : experts.filter((name) => name !== expert);
  const { [expert]: _removed, ...others } = config.pretrained;
  return { ...config, experts: changed, pretrained: kind === "add" ? config.pretrained : others };
}

/**
 * Removes an expert from trained stitches, or adds one, and writes the new stitch file. The parameters of the hub and of
 * the remaining experts are kept bit for bit; those of a new expert are initial ones.
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
  const what = change.kind === "add" ? `with ${change.expert}` : `without ${change.expert}`;
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
    const number = before.experts.findIndex(({ name }) => name === change.expert) + 1;
    const stitches = change.kind === "add"
      ? withExpert(before.stitches, before.config, config.model.width, rngSeed)
      : withoutExpert(before.stitches, number);
    await saveStitches(stitchFile(cell.folder), {
      config: before.config,
      stitches,
      hub: hub.value.weights,
      experts: spokes.map(([name, { value }]) => ({ name, weights: value.weights })),
    });
    const old = new Set(Object.values(before.stitches));
    const kept = Object.values(stitches).filter((tensor) => old.has(tensor)).length;
    const changed = change.kind === "add" ? Object.keys(stitches).length - kept : old.size - kept;
    cell.summary(`${kept} tensors kept bit for bit, ${changed} ${change.kind === "add" ? "new" : "left out"}`);
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
