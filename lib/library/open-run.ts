// Opening a run to use its models, settings and results.
import { cannotLeave } from "../baselines/mod.ts";
import { branchedRun } from "../bts/mod.ts";
import { nearest, UserError } from "../errors.ts";
import { type MetricPoint, readRun, type RunResults, type RunView } from "../run/mod.ts";
import type { DeviceName } from "../tensor/mod.ts";
import { findRun } from "./find-run.ts";
import { openModel } from "./open-model.ts";
import { modelNamed, savedModels } from "./saved-models.ts";
import { shareDevice } from "./shared-device.ts";
import { type TrainedModel, trainedModel } from "./trained-model.ts";

/** Where to find a run, and what its models compute on. */
export interface OpenOptions {
  /**
   * Folder of the runs. @default `STITCHBOOK_RUNS`, or `runs` in the current folder; inside Stitchbook's repository, the
   * repository's `runs`
   */
  readonly runs?: string | URL;
  /** The device of the models, opened with the first of them. @default the open device, or "auto" */
  readonly device?: DeviceName;
}

/** How a model is opened. */
export interface ModelOptions {
  /**
   * Domains whose experts are left out: their owners have left. The model is then the one that would have been built
   * without them. Only FlexOlmo can lose experts without being built again. @default none
   */
  readonly without?: readonly string[];
}

/** A run that was opened; `using` frees its models and the device. */
export interface SavedRun extends Disposable {
  readonly id: string;
  /** The folder of the runs that it is one of. */
  readonly runsFolder: string;
  /** Everything that the run's log says, when the run was opened. */
  readonly view: RunView;
  /** The settings. */
  readonly config: RunView["config"];
  /** The scores of all methods; null if the run has not finished. */
  readonly results: RunResults | null;
  /**
   * The logged metrics of a cell, such as the losses of a training phase.
   *
   * @throws UserError `cell.unknown` naming the cells that there are
   */
  metrics(cell: string): readonly MetricPoint[];
  /**
   * The names of the models, in the order of the tables: `seed`, `expert:code`, …, `soup`, `btm`, `bts`.
   *
   * @throws UserError `run.experiment` for a run of an experiment without a seed and experts
   */
  models(): Promise<string[]>;
  /**
   * Opens a model. What is saved is loaded; soup, weight merges and ensembles are computed from the seed and the experts.
   *
   * @param name one of {@linkcode models}, or an expert's domain
   * @throws UserError `model.unknown` naming the models that there are, `run.unfinished` when a part of the model was not
   *   trained to its end, `run.damaged` when its files are missing or damaged, `run.experiment`, `device.other`,
   *   `merge.without` when an expert that is to be left out is unknown or cannot leave the model
   */
  model(name: string, options?: ModelOptions): Promise<TrainedModel>;
}

/**
 * Opens a run to use its models, settings and results. Nothing is changed, and other processes may read or write the run.
 *
 * @example Three lines to a trained model
 * ```ts ignore
 * using run = await openRun("last");
 * using model = await run.model("bts");
 * console.log(await model.generate("What is 3 plus 4?"));
 * ```
 *
 * @param run an id, the start of one, a run's name, `last` (the newest), or the path or file URL of a run's folder
 * @throws UserError `run.none`, `run.ambiguous`, `run.removed` when it is in the trash, `run.damaged` when the start of
 *   its log cannot be read or was written by a newer version, `run.unreadable`, `folder.unreadable`
 */
export async function openRun(run: string | URL, { runs, device }: OpenOptions = {}): Promise<SavedRun> {
  const { runsFolder, id } = await findRun(run, runs);
  const view = await readRun(runsFolder, id);
  if (view === undefined) throw new UserError("run.none", `The run ${id} is no longer in ${runsFolder}`);
  if (view.status === "damaged") {
    throw new UserError("run.damaged", `Cannot open the run ${id}: ${view.error}`, `deno task verify ${id} checks it`);
  }
  const models = new Set<TrainedModel>();
  let disposed = false;
  let sharing: Promise<Disposable> | undefined;
  const checkOpen = () => {
    if (disposed) throw new UserError("run.disposed", `The run ${id} was used after it was disposed of`);
  };
  const branched = async () => await branchedRun(runsFolder, id);
  return {
    id,
    runsFolder,
    view,
    config: view.config,
    results: view.results,
    metrics(name) {
      const cell = view.cells.find((one) => one.name === name);
      if (cell !== undefined) return cell.metrics;
      const names = view.cells.map((one) => one.name);
      const near = nearest(name, names);
      throw new UserError(
        "cell.unknown",
        `The run ${id} has no cell "${name}": it has ${names.join(", ")}`,
        near === undefined ? undefined : `did you mean ${near}?`,
      );
    },
    models: async () => [...savedModels(await branched()).keys()],
    async model(wanted, { without = [] } = {}) {
      checkOpen();
      const run = await branched();
      const saved = savedModels(run);
      const name = modelNamed(saved, wanted, id);
      if (without.length > 0 && saved.get(name)!.kind !== "method") throw cannotLeave(name);
      sharing ??= shareDevice(device).catch((error) => {
        sharing = undefined;
        throw error;
      });
      await sharing;
      using scope = new DisposableStack();
      const opened = await openModel(run, saved.get(name)!, scope, { without });
      checkOpen();
      const tensors = scope.move();
      const model = trainedModel(name, opened, () => {
        models.delete(model);
        tensors.dispose();
      });
      models.add(model);
      return model;
    },
    [Symbol.dispose]() {
      disposed = true;
      for (const model of models) model[Symbol.dispose]();
      void sharing?.then((share) => share[Symbol.dispose](), () => {});
      sharing = undefined;
    },
  };
}
