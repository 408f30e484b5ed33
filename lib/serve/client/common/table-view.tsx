// Tables as components: numbers aligned, and the best value of a column marked if the column says which direction is better.
import { memo } from "hono/jsx";
import type { Column, Table } from "../../../run/mod.ts";
import { ShortText } from "./elements.tsx";
import { shortTexts } from "./short-texts.ts";
import { bestOf, cellText } from "./table.ts";

/** Letters of the longest heading of a column and of a row: a name must leave room for the numbers. */
export const [HEADING_LETTERS, ROW_LETTERS] = [36, 40];

/** Props of {@linkcode TableView}. */
export interface TableViewProps {
  readonly table: Table;
  /** Formats a cell. @default {@linkcode cellText} */
  readonly text?: typeof cellText;
}

/** Said of the best value of a column to people who cannot see that it is marked. */
const BEST = " (best)";

/** A table with its title, in a box that scrolls sideways if needed. Drawn again only for another table. */
export const TableView = memo(({ table: { title, columns, rows }, text = cellText }: TableViewProps) => {
  const best = new Map(columns.map((column) => [column.key, bestOf(column, rows)]));
  const titles = shortTexts(columns.map((column) => column.title), HEADING_LETTERS);
  const names = shortTexts(rows.map((row) => text(columns[0]!, row)), ROW_LETTERS);
  return (
    <div class="table-box" role="region" aria-label={title} tabindex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            {columns.map((column) => <Heading key={column.key} column={column} short={titles.get(column.title)!} />)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {columns.map((column, at) => {
                const isBest = typeof row[column.key] === "number" && cellText(column, row) === best.get(column.key);
                const hidden = isBest && <span class="visually-hidden">{BEST}</span>;
                const shown = text(column, row);
                return at === 0
                  ? (
                    <th key={column.key} scope="row" class={classOf(column, isBest)}>
                      <ShortText text={shown} short={names.get(shown)!} />
                      {hidden}
                    </th>
                  )
                  : <td key={column.key} class={classOf(column, isBest)}>{shown}{hidden}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}, (before, after) => before.table === after.table);

function Heading({ column, short }: { readonly column: Column; readonly short: string }) {
  const arrow = column.better === "lower" ? " ↓" : column.better === "higher" ? " ↑" : "";
  return (
    <th
      scope="col"
      class={classOf(column, false)}
      title={arrow === "" ? undefined : `${column.better} is better`}
    >
      <ShortText text={column.title} short={short} />
      {arrow !== "" && <span class="arrow" aria-hidden="true">{arrow}</span>}
    </th>
  );
}

const classOf = (column: Column, best: boolean) =>
  `${column.kind === "number" ? "number" : "text"}${best ? " best" : ""}`;
