// The tables of the study: gains side by side, their agreement, and what choices are worth.
import {
  type Agreement,
  choiceValues,
  gainAgreement,
  type GainMatrix,
  type GainPair,
  type PlacedGain,
} from "../../../lib/domains/mod.ts";
import { numberColumn, type RunView, type Table, textColumn } from "../../../lib/run/mod.ts";

/** Predicted and realized gain of one candidate on one domain. */
export interface GainRow extends GainPair {
  readonly domain: string;
}

const DIGITS = 4;

/** Every gain of the probes beside that of the experts. Both are in the same order. */
export function predictedGainsTable(predicted: readonly PlacedGain[], realized: readonly PlacedGain[]): Table {
  const columns = ["predicted", "realized"].flatMap((what) => [
    numberColumn(what, what, DIGITS),
    numberColumn(`${what}-low`, "low", DIGITS),
    numberColumn(`${what}-high`, "high", DIGITS),
  ]);
  return {
    name: "predicted-gains",
    title: "Bits per byte saved against the seed by the probe (predicted) and by the expert (realized), paired by " +
      "document, with 95 % intervals",
    columns: [textColumn("candidate", "candidate"), textColumn("domain", "on"), ...columns],
    rows: predicted.map(({ candidate, domains, value, low, high }, at) => {
      const found = realized[at]!;
      return {
        candidate,
        domain: domains[0]!,
        predicted: value,
        "predicted-low": low,
        "predicted-high": high,
        realized: found.value,
        "realized-low": found.low,
        "realized-high": found.high,
      };
    }),
  };
}

/** The gains in {@linkcode predictedGainsTable}. */
export function gainRows({ rows }: Pick<Table, "rows">): GainRow[] {
  return rows.map(({ candidate, domain, predicted, realized }) => ({
    candidate: String(candidate),
    domain: String(domain),
    predicted: Number(predicted),
    realized: Number(realized),
  }));
}

/** Those of a finished run. */
export function gainRowsOf({ cells }: Pick<RunView, "cells">): GainRow[] {
  return cells.flatMap(({ tables }) => tables).filter(({ name }) => name === "predicted-gains").flatMap(gainRows);
}

/** Agreement of gains by what they are on. */
export interface AgreementRow extends Agreement {
  readonly on: string;
}

/** Agreement of gains on candidates' own domains, on all others, and on all. */
export function agreements(rows: readonly GainRow[]): AgreementRow[] {
  const isOwn = ({ candidate, domain }: GainRow) => candidate === domain;
  const kinds = [
    ["own domain", rows.filter(isOwn)],
    ["other domains", rows.filter((row) => !isOwn(row))],
  ] as const;
  return kinds.map(([on, some]) => ({ on, ...gainAgreement(some) }));
}

/** Agreement as a table. */
export function agreementTable(rows: readonly AgreementRow[]): Table {
  return {
    name: "agreement",
    title: "Correlation of predicted and realized gains, with 95 % intervals of a bootstrap over candidates",
    columns: [
      textColumn("on", "gains on"),
      numberColumn("pairs", "pairs", 0),
      ...["pearson", "spearman"].flatMap((name) => [
        numberColumn(name, name === "pearson" ? "Pearson" : "Spearman", 2),
        numberColumn(`${name}-low`, "low", 2),
        numberColumn(`${name}-high`, "high", 2),
      ]),
    ],
    rows: rows.map(({ on, pairs, pearson, spearman }) => ({
      on,
      pairs,
      pearson: pearson.value,
      "pearson-low": pearson.low,
      "pearson-high": pearson.high,
      spearman: spearman.value,
      "spearman-low": spearman.low,
      "spearman-high": spearman.high,
    })),
  };
}

/** Gains by candidate and domain, in the order in which both first appear. */
function matrixOf(rows: readonly GainRow[], what: "predicted" | "realized"): GainMatrix {
  const candidates = [...new Set(rows.map(({ candidate }) => candidate))];
  const domains = [...new Set(rows.map(({ domain }) => domain))];
  return candidates.map((candidate) =>
    domains.map((domain) => rows.find((row) => row.candidate === candidate && row.domain === domain)![what])
  );
}

/** What choices by predicted gains, by realized gains, and at random gain in fact. */
export const choiceValuesOf = (rows: readonly GainRow[]) =>
  choiceValues(matrixOf(rows, "predicted"), matrixOf(rows, "realized"));

/** These as a table. */
export function choiceValuesTable(rows: readonly GainRow[]): Table {
  return {
    name: "choice-values",
    title:
      "Realized joint gain (mean over domains of the best gain of any chosen expert, bits per byte) of greedy choices " +
      "by predicted and by realized gains, and of random choices",
    columns: [
      numberColumn("experts", "experts", 0),
      numberColumn("predicted", "by predicted gains", DIGITS),
      numberColumn("realized", "by realized gains", DIGITS),
      numberColumn("random", "at random", DIGITS),
    ],
    rows: choiceValuesOf(rows).map((row) => ({ ...row })),
  };
}
