// The cells of a run as a graph: which builds on which, in columns from the first to the last. Pure: the browser loads
// this file.
import type { CellView } from "../events/views.ts";

/** A cell's place in the graph. */
export interface GraphNode {
  readonly name: string;
  /** From 0; further right than every cell that it builds on. */
  readonly column: number;
  /** From 0 within its column, in the order of the run. */
  readonly row: number;
}

/** The cells of a run and what leads from one to another. */
export interface CellGraph {
  readonly nodes: readonly GraphNode[];
  /** Pairs of names. What follows from other pairs is left out. */
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly columns: number;
  /** Of the longest column. */
  readonly rows: number;
}

/** The graph of a run's cells; undefined if the log does not say which builds on which. */
export function cellGraph(cells: readonly Pick<CellView, "name" | "needs">[]): CellGraph | undefined {
  if (cells.every(({ needs }) => needs.length === 0)) return undefined;
  const places = new Map(cells.map(({ name }, at) => [name, at]));
  /** Logs are not trusted: a cell builds on earlier ones only, so there is no cycle. */
  const needsOf = new Map(cells.map(({ name, needs }, at) => [
    name,
    [...new Set(needs)].filter((need) => (places.get(need) ?? Infinity) < at),
  ]));
  const columns = new Map<string, number>();
  const counts: number[] = [];
  const nodes = cells.map(({ name }): GraphNode => {
    const column = 1 + Math.max(-1, ...needsOf.get(name)!.map((need) => columns.get(need)!));
    columns.set(name, column);
    const row = counts[column] ?? 0;
    counts[column] = row + 1;
    return { name, column, row };
  });
  /** All that a cell builds on, directly or not. */
  const below = new Map<string, ReadonlySet<string>>();
  for (const { name } of cells) {
    const needs = needsOf.get(name)!;
    below.set(name, new Set(needs.flatMap((need) => [need, ...below.get(need)!])));
  }
  const edges = cells.flatMap(({ name }) => {
    const needs = needsOf.get(name)!;
    return needs.filter((need) => !needs.some((other) => other !== need && below.get(other)!.has(need)))
      .map((need) => [need, name] as const);
  });
  return { nodes, edges, columns: counts.length, rows: Math.max(...counts) };
}
