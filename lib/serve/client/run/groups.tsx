// The training monitor's statistics of a cell, folded.
import { useState } from "hono/jsx";
import type { CellView } from "../../../run/mod.ts";
import { TableView } from "../common/table-view.tsx";
import { groupTable, isGroupMetric } from "./group-table.ts";

/** The table of parameter groups, computed only while it is open; nothing if there are no statistics. */
export function Groups({ cell }: { readonly cell: CellView }) {
  const [open, setOpen] = useState(false);
  const logged = cell.metrics.some(({ values }) => Object.keys(values).some(isGroupMetric));
  const table = logged && open ? groupTable(cell) : undefined;
  if (!logged) return null;
  return (
    <details class="folded" onToggle={(event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>Update by parameter group</summary>
      {table !== undefined && <TableView table={table} />}
    </details>
  );
}
