// Access to the cells of a finished run. They are used as they are, even if the code has changed since.
import { z } from "zod";
import { UserError } from "../errors.ts";
import {
  type CellResult,
  contentOf,
  findCell,
  readRun,
  type RunView,
  shellLine,
  withDependentDefaults,
} from "../run/mod.ts";
import { type BtsConfig, btsSettings } from "./config.ts";
import { domainDefaults } from "./domain-defaults.ts";
import { changedConfig, type ExpertChange } from "./modular.ts";
import type { ExpertSettingsSchema } from "./inferred-types.ts";

/** The settings of `deno task expert`: those of the run that it changes, and the change. */
const expertSettings: ExpertSettingsSchema = btsSettings.extend({
  from: z.string().describe("the run whose models are reused"),
  change: z.enum(["add", "remove", "merge"]).describe("whether the expert is added, removed or merged with another"),
  expert: z.string().describe("the domain of the expert"),
  other: z.string().default("").describe("the domain of the expert that it is merged with"),
  restitch: z.int().min(1).describe("steps of training the stitches after the change"),
});

export type ExpertConfig = z.infer<typeof expertSettings>;

/** The change that the settings ask for. */
export function changeOf({ change, expert, other }: Pick<ExpertConfig, "change" | "expert" | "other">): ExpertChange {
  return change === "merge" ? { kind: change, expert, other } : { kind: change, expert };
}

/** With defaults for the domains in use. */
export const expertConfigSchema: z.ZodType<ExpertConfig, z.input<typeof expertSettings>> = withDependentDefaults(
  expertSettings,
  domainDefaults,
);

/** A run of an experiment with Branch-Train-Stitch's models. */
export interface FinishedRun {
  readonly view: RunView;
  /** Settings of the models, after any change of the experts. */
  readonly config: BtsConfig;
  /** The cells with stitches by the name of the stitched model, such as `bts`. */
  readonly stitched: ReadonlyMap<string, string>;
  /**
   * A cell by its name in a run of `deno task bts`.
   *
   * @throws UserError `run.unfinished` when it did not finish, `run.damaged` when its files are missing or damaged
   */
  cell<Value>(name: string): Promise<CellResult<Value>>;
}

/** Branch-Train-Stitch's settings, without those that an experiment adds. */
const mainSettings = withDependentDefaults(z.object(btsSettings.shape), domainDefaults);

/** Settings that every experiment with these models has. */
const ownSettings = z.object({ experts: z.array(z.string()), stitch: z.object({}) });

/** Experiments whose stitched model consists of the cells `seed`, `expert:…` and `stitch`. */
const WITH_STITCHES: ReadonlySet<string> = new Set(["bts", "baselines", "expert"]);

/**
 * Opens a run of `deno task bts`, of `experiments/baselines.ts`, or of `deno task expert` on either, which have one
 * stitched model.
 *
 * @throws UserError `run.none`, and `run.experiment` for a run of another experiment
 */
export async function finishedRun(runsFolder: string, id: string): Promise<FinishedRun> {
  const run = await branchedRun(runsFolder, id);
  if (WITH_STITCHES.has(run.view.experiment)) return run;
  throw otherExperiment(run.view, "does not produce exactly one stitched model");
}

/**
 * Opens a run of any experiment that branches experts from a seed, studies included.
 *
 * @throws UserError `run.none`, and `run.experiment` for a run of another experiment
 */
export async function branchedRun(runsFolder: string, id: string): Promise<FinishedRun> {
  const view = await readRun(runsFolder, id);
  if (view === undefined) throw new UserError("run.none", `The run ${id} is no longer in ${runsFolder}`);
  if (view.experiment !== "expert") {
    const config = ownSettings.safeParse(view.config).success ? mainSettings.safeParse(view.config).data : undefined;
    // A ranking of domains has the same settings, but trains no experts.
    const has = (kind: string) => view.cells.some(({ name }) => name.startsWith(`${kind}:`));
    if (config === undefined || (has("probe") && !has("expert"))) {
      throw otherExperiment(view, "does not branch experts from a seed");
    }
    const stitches = view.cells.flatMap(({ name }) => name.startsWith("stitch:") ? [name] : []);
    const stitched = WITH_STITCHES.has(view.experiment)
      ? new Map([["bts", "stitch"]])
      : new Map(stitches.map((cell) => [cell.slice("stitch:".length), cell]));
    return { view, config, stitched, cell: (name) => finishedCell(runsFolder, view, name) };
  }
  const changed = expertConfigSchema.safeParse(view.config);
  if (!changed.success) throw otherExperiment(view, "has settings that this version cannot read");
  const { from, change: _1, expert: _2, other: _3, restitch: _4, ...config } = changed.data;
  const before = await finishedRun(runsFolder, from);
  const cell = <Value>(name: string) => {
    const here = name === "stitch" ? "stitch:again" : name;
    const ours = view.cells.some((one) => one.name === here);
    return ours ? finishedCell<Value>(runsFolder, view, here) : before.cell<Value>(name);
  };
  return {
    view,
    config: changedConfig(config, changeOf(changed.data)),
    stitched: new Map([["bts", "stitch"]]),
    cell,
  };
}

function otherExperiment({ id, experiment }: RunView, why: string): UserError {
  return new UserError(
    "run.experiment",
    `The run ${id} is of the experiment ${experiment}, which ${why}`,
    "name a run of deno task bts or of experiments/baselines.ts; deno task ls lists them",
  );
}

async function finishedCell<Value>(runsFolder: string, view: RunView, name: string): Promise<CellResult<Value>> {
  const cell = view.cells.find((one) => one.name === name);
  const found = cell === undefined || cell.cellKey === "" ? undefined : await findCell(runsFolder, cell.cellKey);
  const finished = cell?.status === "done" || cell?.status === "cached";
  // A cell that this run did not finish may have been finished by another run.
  if (found === undefined || (found.kind === "absent" && !finished)) {
    throw new UserError(
      "run.unfinished",
      cell === undefined
        ? `The run ${view.id} has no cell ${name}`
        : `The run ${view.id} (${view.status}) did not finish its cell ${name}`,
      `finish it with deno task resume ${view.id}, or name another run; deno task ls lists them`,
    );
  }
  if (found.kind !== "whole") {
    throw new UserError(
      "run.damaged",
      `The run ${view.id} cannot use its cell ${name}: ${
        found.kind === "absent" ? "its files were deleted" : found.reason
      }`,
      `the run's own command rebuilds it: ${shellLine(view.command)}; deno task verify ${view.id} checks all cells`,
    );
  }
  const { manifest, folder } = found;
  return { key: manifest.key, content: contentOf(manifest), value: manifest.output as Value, folder, cached: true };
}
