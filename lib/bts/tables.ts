// The tables of a Branch-Train-Stitch run.
import { type CellResult, headlineOn, numberColumn, type RunResults, type Table, textColumn } from "../run/mod.ts";

/** Domains by models, for the seed and the experts: is each expert the best on its own domain? */
export function matrixTable({ domains, methods }: RunResults): Table {
  const models = Object.keys(methods).filter((name) => name === "seed" || name.startsWith("expert:"));
  return {
    name: "matrix",
    title: "Held-out bits per byte, domain by model",
    columns: [textColumn("domain", "domain"), ...models.map((model) => numberColumn(model, model, 3))],
    rows: domains.map((domain) => ({
      domain,
      ...Object.fromEntries(models.map((model) => [model, headlineOn(methods[model], domain)?.value ?? null])),
    })),
  };
}

/** The tokens and seconds of the cell that trained each method; null for a model that was trained elsewhere. */
export function costTable(
  { methods }: RunResults,
  trained: ReadonlyMap<string, CellResult<{ readonly tokens: number | null; readonly seconds: number | null }>>,
): Table {
  return {
    name: "cost",
    title: "Tokens and seconds that building the method takes",
    columns: [
      textColumn("method", "method"),
      numberColumn("tokens", "tokens", 0),
      numberColumn("seconds", "seconds", 1),
    ],
    rows: Object.keys(methods).map((method) => {
      const { tokens, seconds } = trained.get(method)?.value ?? { tokens: 0, seconds: 0 };
      return { method, tokens, seconds };
    }),
  };
}

/** The difference between two methods, paired by document. */
export interface ComparisonRow {
  readonly method: string;
  readonly against: string;
  readonly domain: string;
  /** Bits per byte of `method` minus those of `against`. */
  readonly difference: number;
  /** The 95 % interval of the difference; null if there are too few documents. */
  readonly low: number | null;
  readonly high: number | null;
}

/** Differences between methods. */
export function comparisonsTable(rows: readonly ComparisonRow[]): Table {
  return {
    name: "comparisons",
    title: "Differences in bits per byte, paired by document, with 95 % intervals if there are enough documents " +
      "(negative: the method is better)",
    columns: [
      textColumn("method", "method"),
      textColumn("against", "against"),
      textColumn("domain", "domain"),
      numberColumn("difference", "difference", 4),
      numberColumn("low", "low", 4),
      numberColumn("high", "high", 4),
    ],
    rows: rows.map((row) => ({ ...row })),
  };
}

/** The difference between two methods on a task, paired by question. */
export interface TaskComparisonRow {
  readonly method: string;
  readonly against: string;
  readonly task: string;
  /** Percent correct of `method` minus that of `against`. */
  readonly difference: number;
  /** The 95 % interval of the difference. */
  readonly low: number;
  readonly high: number;
  readonly questions: number;
}

/** Differences between methods on the tasks. */
export function taskComparisonsTable(rows: readonly TaskComparisonRow[]): Table {
  return {
    name: "task-comparisons",
    title:
      "Differences in percentage points of tasks, paired by question, with 95 % intervals (positive: the method is " +
      "better)",
    columns: [
      textColumn("method", "method"),
      textColumn("against", "against"),
      textColumn("task", "task"),
      numberColumn("difference", "difference", 1),
      numberColumn("low", "low", 1),
      numberColumn("high", "high", 1),
      numberColumn("questions", "questions", 0),
    ],
    rows: rows.map((row) => ({ ...row })),
  };
}
