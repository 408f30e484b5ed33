// What differs between several runs, or between cells of one: settings, provenance, and what they have measured.
import { keysOf, leavesOf } from "../config/differences.ts";
import type { Provenance } from "../events/provenance.ts";
import type { CellView, RunView } from "../events/views.ts";
import type { KeptScores } from "../paired/kept-scores.ts";
import { provenanceFacts } from "../view/mod.ts";
import type { ScoredColumn } from "./compare-results.ts";
import { loggedFacts } from "./diff.ts";

/** One of what is compared: a run, or a cell of the only run. */
export interface ComparedColumn {
  /** The run's id, or the cell's name. */
  readonly id: string;
  readonly title: string;
  readonly status: string;
  /** Of a cell: its number in the run, from 1. */
  readonly index?: number;
}

/** A line of a comparison: one value for each column, undefined where it has none. */
export interface ComparedRow {
  readonly key: string;
  readonly values: readonly unknown[];
}

/** Runs or cells side by side. */
export interface Compared {
  readonly columns: readonly ComparedColumn[];
  /** Settings that differ, by key path; of cells, what was planned and found of them. */
  readonly settings: readonly ComparedRow[];
  /** What differs in provenance: experiment, preset, seed, device, command, versions, code, packages and machine. */
  readonly made: readonly ComparedRow[];
  /** Their measurements by method, for {@linkcode compareResults}. */
  readonly scored: readonly ScoredColumn[];
}

/**
 * Compares runs.
 *
 * @param provenance of each; it is compared where all have one
 * @param kept scores of documents and questions of each
 */
export function compareRuns(
  runs: readonly RunView[],
  provenance: readonly (Provenance | undefined)[],
  kept: readonly (readonly KeptScores[])[] = [],
): Compared {
  const facts = provenance.includes(undefined) ? [] : provenance.map((one) => provenanceFacts(one!));
  return {
    columns: runs.map(({ id, title, status }) => ({ id, title, status })),
    settings: differing(runs.map(({ config }) => leavesOf(config))),
    made: differing(runs.map((run, i) => leavesOf({ ...loggedFacts(run), ...facts[i] }))),
    scored: runs.map(({ results }, i) => ({ results, methods: results?.methods ?? {}, kept: kept[i] ?? [] })),
  };
}

/**
 * The cells of a run that can be compared: those that logged curves, or that make a method of the results; the one that
 * measures a method stands for it only if no other does.
 */
export function comparedCells({ cells, results }: Pick<RunView, "cells" | "results">): CellView[] {
  const methods = Object.keys(results?.methods ?? {});
  const seen = new Set<string>();
  return cells.filter((cell) => {
    const method = methodOf(cell.name, methods);
    const isFirst = method !== undefined && !seen.has(method);
    if (isFirst) seen.add(method);
    return isFirst || cell.metrics.some(({ values }) => Object.keys(values).length > 0);
  });
}

/**
 * Compares cells of a run.
 *
 * @param names of cells that are there
 * @param kept scores of the run's documents and questions
 */
export function compareCells(run: RunView, names: readonly string[], kept: readonly KeptScores[] = []): Compared {
  const { results } = run;
  const cells = names.map((name) => run.cells.find((cell) => cell.name === name)!);
  return {
    columns: cells.map((cell) => {
      return { id: cell.name, title: cell.title, status: cell.status, index: run.cells.indexOf(cell) + 1 };
    }),
    settings: differing(cells.map((cell) => leavesOf(cellFacts(cell)))),
    made: differing(cells.map(({ builtBy, cellKey }) => leavesOf({ "built by": builtBy ?? run.id, key: cellKey }))),
    scored: cells.map(({ name }) => {
      const method = methodOf(name, Object.keys(results?.methods ?? {}));
      return { results, methods: method === undefined ? {} : { "": results!.methods[method]! }, method, kept };
    }),
  };
}

/** The method that a cell makes or measures: `expert:code`, `bts` for `stitch`, `K=2` for `evaluate:K=2`. */
function methodOf(cell: string, methods: readonly string[]): string | undefined {
  const name = cell === "stitch" ? "bts" : cell.replace(/^(stitch|evaluate):/, "");
  return [cell, name].find((one) => methods.includes(one));
}

function cellFacts({ steps, seconds, needs, work, summary, metrics }: CellView) {
  const tokens = metrics.findLast(({ values }) => typeof values.tokens === "number")?.values.tokens;
  return {
    ...(steps === null ? {} : { steps }),
    ...(seconds === null ? {} : { seconds: Number(seconds.toPrecision(4)) }),
    ...(tokens == null ? {} : { tokens }),
    ...(work === null ? {} : { planned: { tokens: work.tokens, flops: work.flops } }),
    ...(needs.length === 0 ? {} : { "builds on": needs }),
    ...(summary === "" ? {} : { summary }),
  };
}

/** The keys of which the values are not all the same. */
function differing(sides: readonly ReadonlyMap<string, unknown>[]): ComparedRow[] {
  return keysOf(sides).map((key) => ({ key, values: sides.map((side) => side.get(key)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}
