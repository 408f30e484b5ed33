// The tables that a Branch-Train-Stitch run shows.
import type { Corpus } from "../data/mod.ts";
import type { Column, MethodResult, RunResults, Table } from "../run/mod.ts";

const number = (key: string, title: string, digits: number, better?: "lower" | "higher"): Column => ({
  key,
  title,
  kind: "number",
  digits,
  ...(better === undefined ? {} : { better }),
});
const text = (key: string, title: string): Column => ({ key, title, kind: "text" });

/** Bytes, documents and tokens of each domain and split. */
export function dataTable(
  corpus: Corpus,
  bytes: Readonly<Record<string, Readonly<Record<string, number>>>>,
  tokens: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Table {
  return {
    name: "data",
    title: "Text by domain and split",
    columns: [
      text("domain", "domain"),
      text("split", "split"),
      number("documents", "documents", 0),
      number("bytes", "bytes", 0),
      number("tokens", "tokens", 0),
      number("ratio", "bytes per token", 2),
    ],
    rows: corpus.domains.flatMap((domain) =>
      (["train", "validation", "heldout"] as const).map((split) => {
        const count = tokens[domain]![split]!;
        const size = bytes[domain]![split]!;
        const documents = corpus.documents[domain]![split].length;
        return { domain, split, documents, bytes: size, tokens: count, ratio: count === 0 ? null : size / count };
      })
    ),
  };
}

/** Domain × model, the seed and the experts only: does each expert win its own domain? */
export function matrixTable({ domains, methods }: RunResults): Table {
  const models = Object.keys(methods).filter((name) => name === "seed" || name.startsWith("expert:"));
  return {
    name: "matrix",
    title: "Held-out bits per byte, domain by model",
    columns: [text("domain", "domain"), ...models.map((model) => number(model, model, 3))],
    rows: domains.map((domain) => ({
      domain,
      ...Object.fromEntries(models.map((model) => [model, methods[model]!.bpb[domain] ?? null])),
    })),
  };
}

/** One mean gate of the gates table. */
export interface GateRow {
  readonly stitch: string;
  readonly kind: string;
  readonly domain: string;
  readonly model: string;
  readonly gate: number;
}

export function gatesTable(rows: readonly GateRow[]): Table {
  return {
    name: "gates",
    title: "Mean gate of each model at each stitch, by domain of the text",
    columns: [
      text("stitch", "stitch"),
      text("kind", "kind"),
      text("domain", "domain"),
      text("model", "model"),
      number("gate", "mean gate", 3),
    ],
    rows: rows.map((row) => ({ ...row })),
  };
}

/** What a method cost. */
export interface CostRow extends Readonly<MethodResult["parameters"]> {
  readonly method: string;
  /** Tokens trained on for this method alone, beyond the seed's and the experts'. */
  readonly tokens: number;
  readonly seconds: number;
}

/** What each method trained: from the results and what the training cells returned, by method. */
export function costRows(
  { methods }: RunResults,
  trained: ReadonlyMap<string, { readonly tokens: number; readonly seconds: number }>,
): CostRow[] {
  return Object.entries(methods).map(([method, { parameters }]) => ({
    method,
    ...parameters,
    tokens: trained.get(method)?.tokens ?? 0,
    seconds: trained.get(method)?.seconds ?? 0,
  }));
}

export function costTable(rows: readonly CostRow[]): Table {
  return {
    name: "cost",
    title: "Parameters, and tokens and seconds of training beyond what the method builds on",
    columns: [
      text("method", "method"),
      number("trained", "parameters trained", 0),
      number("total", "total", 0),
      number("active", "active per token", 0),
      number("tokens", "tokens", 0),
      number("seconds", "seconds", 1),
    ],
    rows: rows.map((row) => ({ ...row })),
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

export function comparisonsTable(rows: readonly ComparisonRow[]): Table {
  return {
    name: "comparisons",
    title: "Differences in bits per byte, paired by document, with 95 % intervals where there are enough documents " +
      "(negative: the method is better)",
    columns: [
      text("method", "method"),
      text("against", "against"),
      text("domain", "domain"),
      number("difference", "difference", 4),
      number("low", "low", 4),
      number("high", "high", 4),
    ],
    rows: rows.map((row) => ({ ...row })),
  };
}
