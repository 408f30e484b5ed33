// Cells as jobs: cells of a kind that build on the same become one job of several tasks; jobs come in stages.
import type { PlannedCell } from "../run/mod.ts";
import { kindOf } from "./engine.ts";

/** Cells that one job builds, each as a task of its own. */
export interface CellGroup {
  /** The kind of its cells, with a number from the second group of the kind on. */
  readonly name: string;
  readonly cells: readonly PlannedCell[];
}

/** Bytes that a process takes besides what its plan says: Deno, its code, and the text. */
const OVERHEAD_BYTES = 1e9;

/** The bytes that a task of a group needs. */
export function groupBytes({ cells }: CellGroup): number {
  return OVERHEAD_BYTES + Math.max(...cells.map(({ bytes }) => bytes));
}

/** Cells in groups, and groups in stages: those of a stage build only on cells of earlier ones. */
export function stagesOf(cells: readonly PlannedCell[]): readonly (readonly CellGroup[])[] {
  const depths = new Map<string, number>();
  const groups = new Map<string, PlannedCell[]>();
  for (const cell of cells) {
    depths.set(cell.cell, 1 + Math.max(-1, ...cell.needs.map((need) => depths.get(need) ?? -1)));
    const key = [kindOf(cell.cell), ...[...cell.needs].sort()].join(" ");
    groups.set(key, [...groups.get(key) ?? [], cell]);
  }
  const counts = new Map<string, number>();
  const stages: CellGroup[][] = [];
  for (const group of groups.values()) {
    const kind = kindOf(group[0]!.cell).toLowerCase().replace(/[^a-z0-9]+/g, "-");
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const depth = depths.get(group[0]!.cell)!;
    while (stages.length <= depth) stages.push([]);
    stages[depth]!.push({ name: count === 1 ? kind : `${kind}-${count}`, cells: group });
  }
  return stages;
}
