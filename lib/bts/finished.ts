// The cells of a finished run, taken as they are: whatever became of the code since, nothing is trained again.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type CellResult, contentOf, findCell, readRun, type RunView, shellLine } from "../run/mod.ts";
import { type BtsConfig, btsConfigSchema } from "./config.ts";
import { changedConfig } from "./modular.ts";

/** The settings of `deno task expert`: those of the run that it changes, and the change. */
export const expertConfigSchema = btsConfigSchema.extend({
  from: z.string().describe("the run whose models are taken"),
  change: z.enum(["add", "remove"]).describe("what becomes of the expert"),
  expert: z.string().describe("the domain of the expert"),
  restitch: z.int().min(1).describe("steps of training the stitches afterwards"),
});

export type ExpertConfig = z.infer<typeof expertConfigSchema>;

/** A run that left a stitched model. */
export interface FinishedRun {
  readonly view: RunView;
  /** Settings of the stitched model: where an expert was taken out or put in, after that. */
  readonly config: BtsConfig;
  /**
   * A cell by the name that it has in a run of `deno task bts`.
   *
   * @throws UserError `run.unfinished` when there is none, `run.damaged` when its files are gone or damaged
   */
  cell<Value>(name: string): Promise<CellResult<Value>>;
}

/** Settings of the main job, where an experiment has others beside them. */
const mainSettings = z.object(btsConfigSchema.shape);

/** Experiments whose stitched model is made of the cells `seed`, `expert:…` and `stitch`, as the main job's is. */
const WITH_STITCHES: ReadonlySet<string> = new Set(["bts", "baselines"]);

/**
 * A run of `deno task bts` or of the comparison with every other method, or one that `deno task expert` made of such a
 * run.
 *
 * @throws UserError `run.none`, and `run.experiment` for a run of another experiment
 */
export async function finishedRun(runsFolder: string, id: string): Promise<FinishedRun> {
  const view = await readRun(runsFolder, id);
  if (view === undefined) throw new UserError("run.none", `The run ${id} is no longer in ${runsFolder}`);
  const own = mainSettings.safeParse(view.config);
  if (WITH_STITCHES.has(view.experiment) && own.success) {
    return { view, config: own.data, cell: (name) => finishedCell(runsFolder, view, name) };
  }
  const changed = expertConfigSchema.safeParse(view.config);
  if (view.experiment !== "expert" || !changed.success) {
    throw new UserError(
      "run.experiment",
      `The run ${id} is of the experiment ${view.experiment}, which leaves no stitched model, or several`,
      "name a run of deno task bts or of experiments/baselines.ts; deno task ls lists them",
    );
  }
  const { from, change, expert, restitch: _, ...config } = changed.data;
  const before = await finishedRun(runsFolder, from);
  const cell = <Value>(name: string) => {
    const here = name === "stitch" ? "stitch:again" : name;
    const ours = view.cells.some((one) => one.name === here);
    return ours ? finishedCell<Value>(runsFolder, view, here) : before.cell<Value>(name);
  };
  return { view, config: changedConfig(config, { kind: change, expert }), cell };
}

async function finishedCell<Value>(runsFolder: string, view: RunView, name: string): Promise<CellResult<Value>> {
  const cell = view.cells.find((one) => one.name === name);
  const found = cell === undefined || cell.cellKey === "" ? undefined : await findCell(runsFolder, cell.cellKey);
  const finished = cell?.status === "done" || cell?.status === "cached";
  // A cell that this run did not finish may have been finished by another.
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
