// What an experiment is: its settings, what it loads, and the cells that it runs. Its plan comes from its body.
import type { z } from "zod";
import {
  type CellDevice,
  type CellResult,
  type CellRunner,
  type CheckedExperiment,
  type PlannedCell,
  recordCells,
  type RunResults,
} from "../run/mod.ts";

/** An experiment. */
export interface Experiment<Schema extends z.ZodType, Prepared> extends CheckedExperiment<Schema> {
  /** Names of the tables that are its result, if that is not a table of methods: for the terminal and for `--json`. */
  readonly tables?: readonly string[];
  /** Names of tables that belong to the result but are too long for the terminal; only with `tables`. @default none */
  readonly longTables?: readonly string[];
  /** What stands before the options in the command that repeats a run. */
  readonly words?: readonly string[];
  /** What computes in place of a device of this machine, in words; undefined: a device does. @default always a device */
  readonly elsewhere?: (config: z.output<Schema>) => string | undefined;
  /** Loads what may turn out to be a user's mistake, before the run's folder is made. */
  readonly prepare: (config: z.output<Schema>, rngSeed: number, context: PrepareContext) => Promise<Prepared>;
  /** What the run notes of what was prepared. */
  readonly remarks?: (prepared: Prepared) => readonly string[];
  /** Closes what `prepare()` opened, after the run. */
  readonly release?: (prepared: Prepared) => void | PromiseLike<void>;
  /** What stands for `prepare()`'s result in a plan, for which nothing is loaded. */
  readonly outline: (config: z.output<Schema>) => Prepared;
  /**
   * Runs the cells, and returns the one whose value is the run's results. Values and files of cells are read only inside
   * of other cells, so that the body can be recorded for a plan; see `recordCells()`.
   */
  readonly body: (context: ExperimentContext<z.output<Schema>, Prepared>) => Promise<CellResult<RunResults>>;
  /** What is done with the results, whether they were computed or cached, before the run ends. The run notes what it returns. */
  readonly conclude?: (
    context: Omit<ExperimentContext<z.output<Schema>, Prepared>, "run" | "device"> & { readonly preset: string },
    results: RunResults,
  ) => Promise<readonly string[]>;
}

/** Where an experiment's `prepare()` runs. */
export interface PrepareContext {
  /** May not exist yet. Temporary files that are too large for the system's folder go here. */
  readonly runsFolder: string;
  /** Shows a line to a person who waits. */
  readonly report: (text: string) => void;
}

/** What the body of an experiment gets. */
export interface ExperimentContext<Config, Prepared> {
  readonly run: CellRunner;
  readonly config: Config;
  /** Seeds everything random (`--seed`). */
  readonly rngSeed: number;
  /** If the experiment computes elsewhere, it only stands for that. */
  readonly device: CellDevice;
  readonly prepared: Prepared;
}

/** The cells of one run in order, with what each costs: from running the body without its cells. */
export async function planOf<Config, Prepared>(
  { body, outline }: {
    readonly body: (context: ExperimentContext<Config, Prepared>) => Promise<unknown>;
    readonly outline: (config: Config) => Prepared;
  },
  config: Config,
): Promise<PlannedCell[]> {
  const prepared = outline(config);
  const device = { description: "planned", numerics: "planned", code: import.meta };
  return await recordCells((run) => body({ run, config, rngSeed: 0, device, prepared }));
}
