// The figures of the refinement experiment, from its table `refinement`.
import { methodLabel } from "../methods.ts";
import type { RunView, Table } from "../run/mod.ts";
import { BUDGET_COLORS, type BudgetAxes, budgetPanel, type BudgetPoint } from "./figures/refinement.ts";
import type { Figure } from "./figures/plot.ts";
import { tableNamed } from "./results.ts";

/** The method that each panel shows beside another. */
const BASELINE = "long-cot";

/** Accuracy over B_total and over B_seq; none for other experiments. */
export function refinementFigures(view: RunView): Figure[] {
  return [totalTokensFigure(view), sequentialTokensFigure(view)].filter((figure) => figure !== undefined);
}

/** Accuracy over B_total. */
export function totalTokensFigure(view: RunView): Figure | undefined {
  return budgetFigure(view, {
    name: "refinement-total",
    column: "total",
    label: "B_total",
    title: "Problems solved by tokens over all calls",
    what: "B_total counts the tokens in and out over all calls: what an answer costs.",
  });
}

/** Accuracy over B_seq. */
export function sequentialTokensFigure(view: RunView): Figure | undefined {
  return budgetFigure(view, {
    name: "refinement-sequential",
    column: "sequential",
    label: "B_seq",
    title: "Problems solved by tokens along the longest chain of calls",
    what:
      "B_seq counts the tokens along the longest chain of calls that wait for each other: how long an answer takes.",
  });
}

/** Whether refinement gained anything, in words; undefined for other experiments. */
export function refinementVerdict({ cells }: RunView): string | undefined {
  return cells.find(({ tables }) => tables.some(({ name }) => name === "refinement"))?.summary || undefined;
}

/** The table with the methods' display names. */
export function named(table: Table): Table {
  return { ...table, rows: table.rows.map((row) => ({ ...row, method: methodLabel(String(row["method"])) })) };
}

interface Wanted extends Pick<BudgetAxes, "label"> {
  readonly name: string;
  readonly column: "total" | "sequential";
  readonly title: string;
  readonly what: string;
}

function budgetFigure(view: RunView, { name, column, label, title, what }: Wanted): Figure | undefined {
  const rows = tableNamed(view, "refinement")?.rows ?? [];
  const all = rows.map((row) => ({
    method: String(row["method"]),
    point: {
      tokens: Number(row[column]),
      accuracy: Number(row["accuracy"]),
      low: Number(row["low"]),
      high: Number(row["high"]),
    } satisfies BudgetPoint,
  })).filter(({ point }) => point.tokens > 0); // a logarithmic axis has no 0
  const pointsOf = (wanted: string) => all.filter(({ method }) => method === wanted).map(({ point }) => point);
  const baseline = pointsOf(BASELINE);
  const methods = [...new Set(all.map(({ method }) => method))].filter((method) => method !== BASELINE);
  const shown = methods.length > 0 ? methods : baseline.length > 0 ? [BASELINE] : [];
  if (shown.length === 0) return undefined;
  const tokens = all.map(({ point }) => point.tokens);
  const axes: BudgetAxes = {
    label,
    tokens: [0.8 * Math.min(...tokens), 1.25 * Math.max(...tokens)],
    accuracy: [0, Math.min(100, 1.05 * Math.max(...all.map(({ point }) => point.high)))],
  };
  return {
    name,
    title,
    caption: `Percent of the problems solved, with 95 % intervals, against the mean tokens spent on one. ${what}`,
    legend: [
      { label: "the method", color: BUDGET_COLORS.method },
      ...(baseline.length === 0 ? [] : [{ label: methodLabel(BASELINE), color: BUDGET_COLORS.baseline }]),
    ],
    panels: shown.map((method) => budgetPanel(methodLabel(method), pointsOf(method), baseline, axes)),
  };
}
