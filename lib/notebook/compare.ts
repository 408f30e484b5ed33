// Runs side by side: settings that differ, every result, and their losses on top of one another.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { comparedLossFigure, figureHtml } from "../report/mod.ts";
import {
  type Compared,
  type ComparedRow,
  compareRuns,
  MOST_COMPARED,
  numberColumn,
  readProvenance,
  type RunView,
  type Table,
  textColumn,
} from "../run/mod.ts";
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
 * @throws UserError `notebook.compare` for fewer than two runs or too many
 */
export function compare(runs: readonly (ComparedHandle | Promise<ComparedHandle>)[]): Shown<Comparison> {
  return shown(told(async () => {
    if (runs.length < 2 || runs.length > MOST_COMPARED) {
      throw new UserError("notebook.compare", `Give 2 to ${MOST_COMPARED} runs to compare, not ${runs.length}`);
    }
    const handles = await Promise.all(runs);
    const views = await Promise.all(handles.map((run) => run.view()));
    const provenance = await Promise.all(
      handles.map(async ({ runsFolder }, at) => (await readProvenance(join(runsFolder, views[at]!.id))).at(-1)),
    );
    return comparisonOf(views, compareRuns(views, provenance));
  }));
}

function comparisonOf(views: readonly RunView[], compared: Compared): Comparison {
  const names = namesOf(views);
  const figureOf = (options: CurveOptions) => comparedLossFigure(views, names, options);
  const figure = (options: CurveOptions = {}) => {
    checkCurveOptions(options);
    const made = figureOf(options);
    if (made === undefined) throw new UserError("notebook.no-figure", "None of the runs has logged a loss");
    return displaying({ ...made }, () => figureBundle(made));
  };
  return displaying({ ...compared, figure }, () => {
    const { "text/html": html = "", "text/plain": text = "" } = tablesBundle(...tablesOf(compared, names));
    const curves = figureOf({});
    return { "text/html": html + (curves === undefined ? "" : figureHtml(curves)), "text/plain": text };
  });
}

/** What the runs are called: their titles, with ids where titles are the same. */
function namesOf(views: readonly RunView[]): string[] {
  return views.map(({ id, title }) => views.filter((other) => other.title === title).length === 1 ? title : id);
}

const titled = (title: string, rows: readonly unknown[]) => rows.length === 0 ? `${title}: none` : title;

function tablesOf({ settings, made, results }: Compared, names: readonly string[]): Table[] {
  const texts = (title: string, rows: readonly ComparedRow<unknown>[]): Table => ({
    name: title,
    title: titled(title, rows),
    columns: [textColumn("key", " "), ...names.map((name, at) => textColumn(String(at), name))],
    rows: rows.map(({ key, values }) => ({
      key,
      ...Object.fromEntries(
        values.map((value, at) => [String(at), value === undefined ? null : JSON.stringify(value)]),
      ),
    })),
  });
  return [
    texts("Settings that differ", settings),
    {
      name: "results",
      title: titled("Results", results),
      columns: [textColumn("key", "result"), ...names.map((name, at) => numberColumn(String(at), name, 3))],
      rows: results.map(({ key, values }) => ({
        key,
        ...Object.fromEntries(values.map((value, at) => [String(at), value ?? null])),
      })),
    },
    texts("What made them differ", made),
  ];
}
