// A list of runs as a table, for the terminal and for notebooks.
import type { Column, Table } from "../events/events.ts";
import { formatSeconds, isUnderWay, numberColumn, textColumn } from "../view/mod.ts";
import { headline, shownName, type SortedRun } from "./listing.ts";

/**
 * A list of runs as a table.
 *
 * @param sort the title of the values that the list is sorted by, when that is a metric
 */
export function runsTable(title: string, runs: readonly SortedRun[], sort = "sorted by"): Table {
  const optional = (present: (run: SortedRun) => boolean, column: Column) => runs.some(present) ? [column] : [];
  return {
    name: "runs",
    title,
    columns: [
      textColumn("id", "run"),
      ...optional((run) => shownName(run) !== null, textColumn("name")),
      textColumn("status"),
      textColumn("cells"),
      textColumn("seconds", "took"),
      numberColumn("seed"),
      textColumn("device"),
      numberColumn("bpb", "bits per byte", 3),
      textColumn("method", "of"),
      ...optional(({ sortedBy }) => sortedBy !== null, numberColumn("sortedBy", sort)),
      ...optional(({ tags }) => tags.length > 0, textColumn("tags")),
    ],
    rows: runs.map((run) => {
      const [method, bpb] = headline(run);
      const { ended, total } = run.cells;
      const current = isUnderWay(run) && run.current !== null ? ` (${run.current})` : "";
      return {
        id: run.id,
        status: run.status,
        seed: run.seed,
        device: run.device,
        sortedBy: run.sortedBy,
        name: shownName(run),
        cells: `${ended}/${total}${current}`,
        seconds: run.seconds === null ? null : formatSeconds(run.seconds),
        bpb,
        method,
        tags: run.tags.length === 0 ? null : run.tags.join(", "),
      };
    }),
  };
}
