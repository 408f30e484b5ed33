// A fold as readers see it: the run's view with its status now, its points, and notes on damaged lines.
import { timeOfRunId } from "../files/run-id.ts";
import { nameAndNote } from "../log/read.ts";
import { statusNow } from "../log/status.ts";
import type { WriterState } from "../process/lock.ts";
import { damagedView, type RunView } from "../view/mod.ts";
import { allPointsOf, recentPointsOf } from "./fold.ts";
import type { StampedFold } from "./kept-fold.ts";

/**
 * The view of a run; undefined while it has not begun. It does not change when the fold does.
 *
 * @param writer the state of the log's writer before the log was read
 * @param which points of each cell it has
 */
export function foldedView(
  { fold, stamp }: StampedFold,
  id: string,
  writer: WriterState,
  which: "recent" | "all",
): RunView | undefined {
  const pointsOf = which === "all" ? allPointsOf : recentPointsOf;
  const { view, points, position } = fold;
  const halfWritten = stamp.size > position.offset && writer === "gone"
    ? [{ line: position.line + 1, reason: "it is half written" }]
    : [];
  const damage = [...fold.damage, ...halfWritten];
  if (view === undefined && damage.length === 0 && writer !== "gone") return undefined;
  const shown: RunView = view === undefined ? damagedView(timeOfRunId(id)) : {
    ...view,
    notes: [...view.notes],
    cells: view.cells.map((cell) => {
      const own = points.cells.get(cell.name);
      return {
        ...cell,
        notes: [...cell.notes],
        tables: [...cell.tables],
        artifacts: [...cell.artifacts],
        metrics: own === undefined ? [] : pointsOf(own),
      };
    }),
  };
  nameAndNote(shown, id, damage);
  shown.status = statusNow(shown.status, writer);
  return shown;
}
