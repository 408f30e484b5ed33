// What rows are grouped by.
import { type Grouping, GROUPINGS, type TableView } from "../../../run/view/mod.ts";

const LABELS: Readonly<Record<Grouping, string>> = {
  seeds: "settings, over seeds",
  sweep: "sweep",
  experiment: "experiment",
  preset: "preset",
};

/** A select with the groupings. */
export function GroupMenu({ view, go }: { readonly view: TableView; go(view: TableView): void }) {
  return (
    <select
      aria-label="Group by"
      onChange={(event: Event) => {
        const { value } = event.target as HTMLSelectElement;
        go({ ...view, group: value === "" ? undefined : value as Grouping, open: [] });
      }}
    >
      <option value="" selected={view.group === undefined}>not grouped</option>
      {GROUPINGS.map((group) => (
        <option key={group} value={group} selected={view.group === group}>{`by ${LABELS[group]}`}</option>
      ))}
    </select>
  );
}
