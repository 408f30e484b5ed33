// The tables that a Branch-Train-Stitch run shows.
import type { CellResult, RunResults, Table } from "../run/mod.ts";
import { numberColumn, textColumn } from "./columns.ts";

/** Domain × model, the seed and the experts only: does each expert win its own domain? */
export function matrixTable({ domains, methods }: RunResults): Table {
  const models = Object.keys(methods).filter((name) => name === "seed" || name.startsWith("expert:"));
  return {
    name: "matrix",
    title: "Held-out bits per byte, domain by model",
    columns: [textColumn("domain", "domain"), ...models.map((model) => numberColumn(model, model, 3))],
    rows: domains.map((domain) => ({
      domain,
      ...Object.fromEntries(models.map((model) => [model, methods[model]!.bpb[domain] ?? null])),
    })),
  };
}

/** What each method cost: its parameters, and the tokens and seconds of the cell that trained it. */
export function costTable(
  { methods }: RunResults,
  trained: ReadonlyMap<string, CellResult<{ readonly tokens: number; readonly seconds: number }>>,
): Table {
  return {
    name: "cost",
    title: "Parameters, and tokens and seconds of training beyond what the method builds on",
    columns: [
      textColumn("method", "method"),
      numberColumn("trained", "parameters trained", 0),
      numberColumn("total", "total", 0),
      numberColumn("active", "active per token", 0),
      numberColumn("tokens", "tokens", 0),
      numberColumn("seconds", "seconds", 1),
    ],
    rows: Object.entries(methods).map(([method, { parameters }]) => {
      const { tokens, seconds } = trained.get(method)?.value ?? { tokens: 0, seconds: 0 };
      return { method, ...parameters, tokens, seconds };
    }),
  };
}

/** How much one method differs from another, paired by document. */
export interface ComparisonRow {
  readonly method: string;
  readonly against: string;
  readonly domain: string;
  /** Bits per byte of `method` minus those of `against`, and the ends of its 95 % interval. */
  readonly difference: number;
  /** Null with too few documents for an interval, as is `high`. */
  readonly low: number | null;
  readonly high: number | null;
}

/** Differences between methods. */
export function comparisonsTable(rows: readonly ComparisonRow[]): Table {
  return {
    name: "comparisons",
    title: "Differences in bits per byte, paired by document, with 95 % intervals where there are enough documents " +
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
