// The results of a run as grids: one for each table of measures.
import {
  columnsByTable,
  directionText,
  type MeasureColumn,
  measureColumns,
  type MeasureInfo,
  measurementOf,
  type RunResults,
  type RunView,
  shownValue,
  type Table,
} from "../run/mod.ts";
import { measured, range } from "./format.ts";
import { bestOf, type Grid, type GridCell, gridOf } from "./grid.ts";
import { expertDomain, methodLabel, methodOfModel, orderMethods } from "../methods.ts";

/**
 * The measures of a section, one grid for each of their tables: methods × domains and mean, or methods × measures, with
 * 95 % intervals where there are any. The best of each column is marked.
 */
export function measureGrids(results: RunResults, section: MeasureInfo["section"]): Grid[] {
  const columns = measureColumns(results).filter((column) => column.section === section);
  return [...columnsByTable(columns)].map(([table, own]) => gridOfMeasures(results, table, own));
}

function gridOfMeasures(results: RunResults, table: string, columns: readonly MeasureColumn[]): Grid {
  const methods = orderMethods(Object.keys(results.methods));
  const cells = columns.map((column) => {
    const made = methods.map((method) => measurementOf(results.methods[method], column));
    const values = made.map((one) => one && shownValue(one.value, column));
    const best = column.better === null ? [] : bestOf(values, column.better, column.digits);
    return made.map((one, at): GridCell => ({
      text: measured(one?.value, column),
      ...(one?.interval ? { aside: intervalText(one.interval, column) } : {}),
      ...(best[at] ? { best: true } : {}),
    }));
  });
  const caption = [`${table}${basisOf(cells.flat())}`, directionText(columns), deviceText(columns)];
  return {
    caption: caption.filter((part) => part !== undefined).join("; "),
    columns: [{ title: "method", numeric: false }, ...columns.map((one) => ({ title: titleOf(one), numeric: true }))],
    rows: methods.map((method, at) => [{ text: methodLabel(method) }, ...cells.map((column) => column[at]!)]),
  };
}

/** An interval has one digit less than its value. */
function intervalText([low, high]: readonly [number, number], column: MeasureColumn): string {
  return range(shownValue(low, column), shownValue(high, column), Math.max(0, column.digits - 1));
}

function basisOf(cells: readonly GridCell[]): string {
  const asides = cells.filter(({ text }) => text !== "–").map(({ aside }) => aside);
  if (!asides.some((aside) => aside !== undefined)) return "";
  return asides.includes(undefined)
    ? ", with 95 % intervals where there are enough documents"
    : ", with 95 % intervals";
}

/** The heading of a column; of a share, also what it is a share of, and what guessing is expected to give. */
function titleOf({ heading, format, samples, chance }: MeasureColumn): string {
  const facts = [
    ...(format === "proportion" && samples !== null ? [`n\u00a0=\u00a0${samples}`] : []),
    ...(chance ? [`chance\u00a0${Math.round(100 * chance)}\u00a0%`] : []),
  ];
  return facts.length === 0 ? heading : `${heading} (${facts.join(", ")})`;
}

/** Where measures that depend on the machine were made; undefined if none does. */
export function deviceText(columns: readonly Pick<MeasureColumn, "devices">[]): string | undefined {
  const devices = [...new Set(columns.flatMap(({ devices }) => devices))];
  return devices.length === 0 ? undefined : `measured on ${devices.join(" and ")}`;
}

/** The mean gates that a run logged, with the models named as everywhere else. */
export function gatesGrid(view: RunView): Grid | undefined {
  const table = tableNamed(view, "gates");
  if (table === undefined) return undefined;
  const known = methodsOf(view);
  const rows = table.rows.map((row) =>
    typeof row.model === "string" ? { ...row, model: methodOfModel(row.model, known) } : row
  );
  return gridOf({ ...table, rows });
}

/** Names of all methods and models with results or cells in the run, in reading order. */
export function methodsOf(view: RunView): string[] {
  const cells = view.cells.map(({ name }) => name).filter((name) => expertDomain(name) !== undefined);
  return orderMethods([...new Set(["seed", ...cells, ...Object.keys(view.results?.methods ?? {})])]);
}

/** The last table with this name that any cell of the run logged. */
export function tableNamed(view: RunView, name: string): Table | undefined {
  return view.cells.flatMap((cell) => cell.tables).findLast((table) => table.name === name);
}
