// `lab`: the whole lab in a notebook, by one name.
import type { Datamix, Tokenizer } from "../data/mod.ts";
import { compare, type ComparedHandle, type Comparison } from "./compare.ts";
import { type Displayable, inKernel, type Shown, shown } from "./display.ts";
import type { SortedRun } from "../run/mod.ts";
import { runs, type RunsOptions, sweep } from "./lists.ts";
import { datamix } from "./show/datamix.ts";
import { type LiveCurves, liveCurves, type LiveCurvesOptions } from "./show/live-curves.ts";
import { plot } from "./show/plot.ts";
import { type Row, type Rows, rowsTable } from "./show/table.ts";
import { showTensors } from "./show/tensor.ts";
import { type TextToken, tokenized } from "./show/tokens.ts";
import type { RunHandle } from "./handle.ts";
import { attach, type StartOptions, startRun } from "./start.ts";

// Tensors have no function of ours that makes them: in a kernel, all of them show themselves.
if (inKernel()) showTensors();

/**
 * Starts, watches, finds and compares runs. Everything that it returns shows itself as the value of a notebook's cell.
 *
 * @example
 * ```ts ignore
 * import { lab } from "stitchbook";
 *
 * const run = await lab.start("bts", { preset: "quick" });
 * await run.watch();
 * ```
 */
export const lab = {
  /**
   * Starts an experiment in a process of its own, which outlives the kernel, and returns when its run has begun.
   *
   * @param experiment a name such as `bts`, or the path of a script
   * @throws UserError `notebook.not-started` with what the experiment said
   */
  start: (experiment: string, options: Omit<StartOptions, "experiment"> = {}): Shown<RunHandle> =>
    shown(startRun({ ...options, experiment })),
  /**
   * The handle to an existing run.
   *
   * @param run an id, the start of one, a run's name, or `last`, the newest
   * @throws UserError `notebook.no-run` naming the newest runs, `run.ambiguous`, `run.removed`, `run.damaged`
   */
  attach: (run: string, options: { readonly runs?: string } = {}): Shown<RunHandle> => shown(attach(run, options)),
  /** The runs that match, newest first. */
  runs: (options: RunsOptions = {}): Shown<readonly SortedRun[] & Displayable> => runs(options),
  /** A sweep with its trials, best first. */
  sweep,
  /**
   * Runs side by side.
   *
   * @param all handles, or what `attach()` takes
   */
  compare: (...all: readonly (ComparedHandle | Promise<ComparedHandle> | string)[]): Shown<Comparison> =>
    compare(all.map((run) => typeof run === "string" ? attach(run) : run)),
  /** Rows as a table. */
  table: <R extends Row>(rows: readonly R[], title?: string): Rows<R> => rowsTable(rows, title),
  /** A table, or marks, drawn with Observable Plot. */
  plot,
  /** Curves that grow while a cell of the notebook computes. */
  curves: (title: string, options?: LiveCurvesOptions): LiveCurves => liveCurves(title, options),
  /** The shares of a datamix. */
  datamix: (mix: Datamix, title?: string): Record<string, number> & Displayable => datamix(mix, title),
  /** The tokens of a text. @param from a model, or a tokenizer */
  tokens: (from: { readonly tokenizer: Tokenizer } | Tokenizer, text: string): readonly TextToken[] & Displayable =>
    tokenized("tokenizer" in from ? from.tokenizer : from, text),
} as const;
