// The results of a run as grids: bits per byte with intervals, task scores, parameters.
import type { RunResults, RunView } from "../run/mod.ts";
import { compact, fixed, range } from "./format.ts";
import { bestOf, type Grid, type GridCell, gridOf } from "./grid.ts";
import { expertDomain, methodLabel, methodOfModel, orderMethods } from "../methods.ts";

/** The columns of bits per byte: the domains, then `mean` if any method has one. */
export function bpbColumns(results: RunResults): string[] {
  const hasMean = Object.values(results.methods).some(({ bpb }) => bpb.mean !== undefined);
  return [...results.domains.filter((domain) => domain !== "mean"), ...(hasMean ? ["mean"] : [])];
}

/** Names of all tasks in the results, in order of appearance. */
export function taskColumns(results: RunResults): string[] {
  return [...new Set(Object.values(results.methods).flatMap(({ tasks }) => Object.keys(tasks)))];
}

const WITH_INTERVALS = ", with 95 % intervals";

/**
 * Held-out bits per byte: methods × domains and mean, with 95 % intervals where there are enough documents for one; the
 * best of each column is marked.
 */
export function bpbGrid(results: RunResults): Grid {
  const methods = orderMethods(Object.keys(results.methods));
  const columns = bpbColumns(results).map((domain) => {
    const values = methods.map((method) => results.methods[method]!.bpb[domain]);
    const best = bestOf(values, "lower", 3);
    const cells = methods.map((method, at): GridCell => {
      const interval = results.methods[method]!.bpbInterval[domain];
      return cell(fixed(values[at], 3), interval && range(interval.low, interval.high, 2), best[at]!);
    });
    return { title: domain, cells };
  });
  const asides = columns.flatMap(({ cells }) => cells).filter(({ text }) => text !== "–").map(({ aside }) => aside);
  const basis = !asides.some((aside) => aside !== undefined)
    ? ""
    : asides.includes(undefined)
    ? `${WITH_INTERVALS} where there are enough documents`
    : WITH_INTERVALS;
  return assemble(`Held-out bits per byte${basis}; lower is better`, methods, columns);
}

/** Task scores in percent: methods × tasks, with 95 % intervals; undefined if no task was scored. */
export function taskGrid(results: RunResults): Grid | undefined {
  const methods = orderMethods(Object.keys(results.methods));
  const columns = taskColumns(results).map((task) => {
    const scores = methods.map((method) => results.methods[method]!.tasks[task]);
    const best = bestOf(scores.map((score) => score && 100 * score.value), "higher", 1);
    const samples = Math.max(...scores.map((score) => score?.samples ?? 0));
    const cells = scores.map((score, at) =>
      cell(
        score === undefined ? "–" : fixed(100 * score.value, 1),
        score && range(100 * score.low, 100 * score.high, 0),
        best[at]!,
      )
    );
    return { title: `${task} (n\u00a0=\u00a0${samples})`, cells };
  });
  if (columns.length === 0) return undefined;
  return assemble(`Tasks, percent correct${WITH_INTERVALS}; higher is better`, methods, columns);
}

/** Parameters trained, in memory and used per token, by method. */
export function parameterGrid(results: RunResults): Grid {
  const methods = orderMethods(Object.keys(results.methods));
  const columns = (["trained", "total", "active"] as const).map((key) => ({
    title: key,
    cells: methods.map((method) => cell(compact(results.methods[method]!.parameters[key]), undefined, false)),
  }));
  return assemble("Parameters", methods, columns);
}

function cell(text: string, aside: string | undefined, best: boolean): GridCell {
  return { text, ...(aside === undefined ? {} : { aside }), ...(best ? { best } : {}) };
}

function assemble(
  caption: string,
  methods: readonly string[],
  columns: readonly { title: string; cells: readonly GridCell[] }[],
): Grid {
  return {
    caption,
    columns: [{ title: "method", numeric: false }, ...columns.map(({ title }) => ({ title, numeric: true }))],
    rows: methods.map((method, at) => [{ text: methodLabel(method) }, ...columns.map(({ cells }) => cells[at]!)]),
  };
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
export function tableNamed(view: RunView, name: string) {
  return view.cells.flatMap((cell) => cell.tables).findLast((table) => table.name === name);
}
