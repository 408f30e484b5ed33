// Cells as jobs: cells of a kind that build on the same become one job of several tasks; jobs come in stages.
import type { PlannedCell } from "../run/mod.ts";
import { kindOf } from "./engine.ts";

/** Cells that one job builds, each as a task of its own. */
export interface CellGroup<Cell extends PlannedCell = PlannedCell> {
  /** The kind of its cells, with a number from the second group of the kind on; lower-case letters, digits and `-`. */
  readonly name: string;
  readonly cells: readonly Cell[];
}

/** Bytes that a process takes besides what its plan says: Deno, its code, and the text. */
const OVERHEAD_BYTES = 1e9;

/** The bytes that a process needs that builds one of some cells; of none, what every process needs. */
export function processBytes(cells: readonly Pick<PlannedCell, "bytes">[]): number {
  return OVERHEAD_BYTES + Math.max(0, ...cells.map(({ bytes }) => bytes));
}

/** Cells in groups, each after those that it builds on if the cells are in such an order. */
export function groupsOf<Cell extends PlannedCell>(cells: readonly Cell[]): CellGroup<Cell>[] {
  const groups = Map.groupBy(cells, ({ cell, needs }) => [kindOf(cell), ...[...needs].sort()].join(" "));
  const counts = new Map<string, number>();
  return [...groups.values()].map((cells) => {
    const kind = kindOf(cells[0]!.cell).toLowerCase().replace(/[^a-z0-9]+/g, "-");
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return { name: count === 1 ? kind : `${kind}-${count}`, cells };
  });
}

/** Groups in stages: those of a stage build only on cells of earlier ones. @param cells each after those that it needs */
export function stagesOf(cells: readonly PlannedCell[]): readonly (readonly CellGroup[])[] {
  const depths = new Map<string, number>();
  for (const { cell, needs } of cells) {
    depths.set(cell, 1 + Math.max(-1, ...needs.map((need) => depths.get(need) ?? -1)));
  }
  const stages = Map.groupBy(groupsOf(cells), ({ cells: [first] }) => depths.get(first!.cell)!);
  return [...stages].sort(([a], [b]) => a - b).map(([, groups]) => groups);
}
