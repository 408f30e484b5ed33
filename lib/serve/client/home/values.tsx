// The values of the table of runs.
import type { TableCell, TableColumn, TableRow } from "../../../run/mod.ts";
import { endReason, isUnderWay } from "../../../run/view/mod.ts";
import { Badge, ShortText } from "../common/elements.tsx";
import { bytes, clock, duration, measured, when } from "../common/format.ts";

type RunRow = Extract<TableRow, { kind: "run" }>;

/** A value in its column, texts by their short form; `run` is its row, unless that is of several runs. */
export function Value({ column, value, short, run }: {
  readonly column: TableColumn;
  readonly value: TableCell;
  readonly short: ReadonlyMap<string, string>;
  readonly run?: RunRow;
}) {
  if (column.kind === "status" && typeof value === "string") {
    return <Badge status={value} title={(run && endReason(run)) ?? undefined} />;
  }
  if (column.kind === "progress" && run !== undefined) return <Progress run={run} />;
  if (column.kind === "duration" && value === null && run !== undefined && isUnderWay(run)) {
    return <span>{clock((Date.now() - Date.parse(run.startedAt)) / 1000)}</span>;
  }
  if (column.kind === "time" && typeof value === "string") return <span title={value}>{when(value)}</span>;
  const text = valueText(column, value);
  return (
    <span>
      <ShortText text={text} short={short.get(text) ?? text} />
    </span>
  );
}

/** A value as text. */
export function valueText({ kind }: TableColumn, value: TableCell): string {
  if (value === null) return "–";
  if (typeof value === "string") return kind === "time" ? when(value) : value;
  const text = kind === "duration" ? duration : kind === "bytes" ? bytes : numberText;
  if (typeof value === "number") return text(value);
  if ("different" in value) return `${value.different} values`;
  const { mean, halfWidth, samples } = value;
  const interval = halfWidth === null ? "" : ` ± ${text(halfWidth)}`;
  return samples === 1 ? text(mean) : `${text(mean)}${interval}`;
}

function numberText(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : measured(value);
}

function Progress({ run }: { readonly run: RunRow }) {
  const { ended, total, current } = run.cells;
  if (!isUnderWay(run)) return <span>{run.status === "done" ? String(total) : `${ended} of ${total}`}</span>;
  return (
    <span class="progress-cell">
      <progress max={total || 1} value={ended} aria-label="Cells done"></progress>
      {`${ended} of ${total}${current === null ? "" : ` · ${current}`}`}
    </span>
  );
}
