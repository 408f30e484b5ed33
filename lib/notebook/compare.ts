// Runs side by side: settings that differ, every result, and their losses on top of one another.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { comparedLossFigure, figureHtml, fixed } from "../report/mod.ts";
import {
  type Compared,
  type ComparedDifference,
  type ComparedResult,
  type ComparedRow,
  compareResults,
  compareRuns,
  isPercent,
  numberColumn,
  readProvenance,
  readScores,
  type RunView,
  shownValue,
  type Table,
  textColumn,
} from "../run/mod.ts";
import { labelsOf } from "../serve/mod.ts";
import { type Displayable, displaying, type Shown, shown } from "./display.ts";
import { checkCurveOptions, type CurveOptions, figureBundle } from "./show/figure.ts";
import { tablesBundle } from "./show/table.ts";
import { told } from "./told.ts";

/** A run that is compared. */
export interface ComparedHandle {
  readonly runsFolder: string;
  view(): Promise<RunView>;
}

/** Runs side by side, which show themselves as tables and curves. */
export interface Comparison extends Compared, Displayable {
  /** What tells the runs apart, in their order. */
  readonly labels: readonly string[];
  /** Every measurement, with its difference from the first run's: paired where the documents are the same. */
  readonly results: readonly ComparedResult[];
  /**
   * The losses of all runs, one panel for each cell.
   *
   * @throws UserError `notebook.no-figure` when none has logged a loss
   */
  figure(options?: CurveOptions): Displayable;
}

/**
 * Compares runs.
 *
 * @throws UserError `notebook.compare` for fewer than two runs
 */
export function compare(runs: readonly (ComparedHandle | Promise<ComparedHandle>)[]): Shown<Comparison> {
  return shown(told(async () => {
    if (runs.length < 2) {
      throw new UserError("notebook.compare", `Give two or more runs to compare, not ${runs.length}`);
    }
    const handles = await Promise.all(runs);
    const views = await Promise.all(handles.map((run) => run.view()));
    const of = <T>(read: (runsFolder: string, view: RunView) => Promise<T>) =>
      Promise.all(handles.map(({ runsFolder }, at) => read(runsFolder, views[at]!)));
    const provenance = await of(async (folder, { id }) => (await readProvenance(join(folder, id))).at(-1));
    return comparisonOf(views, compareRuns(views, provenance, await of(readScores)));
  }));
}

function comparisonOf(views: readonly RunView[], compared: Compared): Comparison {
  const labels = labelsOf(compared);
  const results = compareResults(compared.scored).rows;
  const figureOf = (options: CurveOptions) => comparedLossFigure(views, labels, options);
  const figure = (options: CurveOptions = {}) => {
    checkCurveOptions(options);
    const made = figureOf(options);
    if (made === undefined) throw new UserError("notebook.no-figure", "None of the runs has logged a loss");
    return displaying({ ...made }, () => figureBundle(made));
  };
  return displaying({ ...compared, labels, results, figure }, () => {
    const tables = [
      differencesTable("Settings that differ", compared.settings, labels),
      resultsTable(results, labels),
      differencesTable("What made them", compared.made, labels),
    ];
    const { "text/html": html = "", "text/plain": text = "" } = tablesBundle(...tables);
    const curves = figureOf({});
    return { "text/html": html + (curves === undefined ? "" : figureHtml(curves)), "text/plain": text };
  });
}

const titled = (title: string, rows: readonly unknown[]) => rows.length === 0 ? `${title}: none` : title;

function differencesTable(title: string, rows: readonly ComparedRow[], labels: readonly string[]): Table {
  return {
    name: "differences",
    title: titled(title, rows),
    columns: [textColumn("key", " "), ...labels.map((label, at) => textColumn(String(at), label))],
    rows: rows.map(({ key, values }) => ({
      key,
      ...Object.fromEntries(values.map((value, at) => [at, value === undefined ? null : JSON.stringify(value)])),
    })),
  };
}

function resultsTable(results: readonly ComparedResult[], labels: readonly string[]): Table {
  return {
    name: "results",
    title: titled("Results, with differences from the first run and their 95 % intervals", results),
    columns: [
      textColumn("method"),
      textColumn("measure"),
      ...labels.flatMap((label, at) => [
        numberColumn(String(at), label, 3),
        ...(at === 0 ? [] : [textColumn(`difference ${at}`, "difference")]),
      ]),
    ],
    rows: results.map(({ method, measure, values, differences }) => ({
      method,
      measure: [measure.title + (isPercent(measure) ? ", %" : ""), measure.group].filter(Boolean).join(", "),
      ...Object.fromEntries(values.flatMap((value, at) => [
        [at, value === undefined ? null : shownValue(value, measure)],
        [`difference ${at}`, differenceText(differences[at], measure)],
      ])),
    })),
  };
}

function differenceText(
  difference: ComparedDifference | undefined,
  measure: ComparedResult["measure"],
): string | null {
  if (difference === undefined) return null;
  const digits = Math.max(3, measure.digits);
  const text = (value: number) => fixed(shownValue(value, measure), digits);
  if (difference.kind !== "paired" || difference.interval === null) return text(difference.value);
  return `${text(difference.value)} [${difference.interval.map(text).join(", ")}]`;
}
